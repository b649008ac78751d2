/* The least that a relay can be: what comes to one socket of a pair leaves by the other. Both are connected.
 * relay FLOWS FACE_A FACE_B A B: flow i receives at 127.0.0.1 ports FACE_A+i and FACE_B+i, its peers are at A+i and B+i. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 32, EVENTS = 1024, LARGEST = 65536 };

static int other[65536];

static struct sockaddr_in place(int port) {
    struct sockaddr_in found = {.sin_family = AF_INET, .sin_port = htons(port)};
    found.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return found;
}

static int connected(int own, int peer) {
    struct sockaddr_in here = place(own), there = place(peer);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (void *)&here, sizeof here) || connect(fd, (void *)&there, sizeof there)) {
        perror("relay");
        exit(1);
    }
    return fd;
}

int main(int count, char **arguments) {
    if (count != 6) return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int flows = atoi(arguments[1]), base[4], poll = epoll_create1(0);
    for (int i = 0; i < 4; i++) base[i] = atoi(arguments[i + 2]);
    for (int i = 0; i < flows; i++) {
        int a = connected(base[0] + i, base[2] + i), b = connected(base[1] + i, base[3] + i);
        other[a] = b, other[b] = a;
        for (int side = 0; side < 2; side++) {
            struct epoll_event event = {.events = EPOLLIN, .data.fd = side ? b : a};
            epoll_ctl(poll, EPOLL_CTL_ADD, event.data.fd, &event);
        }
    }
    static struct epoll_event events[EVENTS];
    static char data[LARGEST];
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++)
            for (int taken = 0; taken < BATCH; taken++) {
                ssize_t size = recv(events[i].data.fd, data, sizeof data, 0);
                if (size < 0) break;
                send(other[events[i].data.fd], data, size, 0);
            }
    }
}
