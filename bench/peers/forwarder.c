/* A box that moves datagrams and does not know SIP, as ../forwarder.py, in C: what the kernel alone costs.

   forwarder FRONT BACK CALLEE: what comes to port FRONT leaves from BACK to port CALLEE, and what comes to BACK leaves
   from FRONT to whoever spoke there last; all on loopback. It is ended by a signal. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { LARGEST = 65535, BUFFER = 4 * 1024 * 1024 };

static struct sockaddr_in at(const char *port) {
    struct sockaddr_in made = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    made.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return made;
}

static int bound(const char *port) {
    struct sockaddr_in address = at(port);
    int made = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = BUFFER;
    setsockopt(made, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(made, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (made < 0 || bind(made, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("forwarder");
        exit(1);
    }
    return made;
}

int main(int count, char **words) {
    static char data[LARGEST];
    if (count != 4) return 2;
    struct sockaddr_in callee = at(words[3]), caller = {0};
    struct pollfd faces[2] = {{.fd = bound(words[1]), .events = POLLIN}, {.fd = bound(words[2]), .events = POLLIN}};
    for (;;) {
        if (poll(faces, 2, -1) < 0) return 1;
        for (int face = 0; face < 2; face++) {
            struct sockaddr_in source;
            socklen_t length = sizeof source;
            ssize_t size;
            while ((size = recvfrom(faces[face].fd, data, LARGEST, 0, (struct sockaddr *)&source, &length)) >= 0) {
                struct sockaddr_in *to = face ? &caller : &callee;
                if (!face) caller = source;
                if (to->sin_port) sendto(faces[!face].fd, data, (size_t)size, 0, (struct sockaddr *)to, sizeof *to);
            }
        }
    }
}
