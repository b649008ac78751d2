/* The least that a relay can be: what comes to one socket of a pair leaves by the other. Both are connected. One packet
 * of each socket a turn: `recv` until there is nothing more costs 1.05 times as much where each has one (2026-11-23).
 * relay FLOWS A FACE_A B FACE_B: addresses and a file of ports as generator.c has them. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 1024, LARGEST = 65536 };

static int other[65536];

static struct sockaddr_in place(const char *address, int port) {
    struct sockaddr_in found = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &found.sin_addr);
    return found;
}

static int connected(const char *face, int face_port, const char *peer, int peer_port) {
    struct sockaddr_in here = place(face, face_port), there = place(peer, peer_port);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (void *)&here, sizeof here) || connect(fd, (void *)&there, sizeof there)) {
        perror("relay");
        exit(1);
    }
    return fd;
}

int main(int count, char **words) {
    if (count != 6) return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    FILE *flows = fopen(words[1], "r");
    if (!flows) return 2;
    int poll = epoll_create1(0), a, face_a, b, face_b;
    while (fscanf(flows, "%d %d %d %d", &a, &face_a, &b, &face_b) == 4) {
        int one = connected(words[3], face_a, words[2], a), two = connected(words[5], face_b, words[4], b);
        other[one] = two, other[two] = one;
        for (int side = 0; side < 2; side++) {
            struct epoll_event event = {.events = EPOLLIN, .data.fd = side ? two : one};
            epoll_ctl(poll, EPOLL_CTL_ADD, event.data.fd, &event);
        }
    }
    static struct epoll_event events[EVENTS];
    static char data[LARGEST];
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            ssize_t size = recv(events[i].data.fd, data, sizeof data, 0);
            if (size >= 0) send(other[events[i].data.fd], data, size, 0);
        }
    }
}
