/* Two-way media through a relay, and what became of it.
 * generator FLOWS RATE SECONDS A B FACE_A FACE_B: RATE packets a second in all, half of them each way. Flow i has a peer at
 * port A+i that sends to FACE_A+i and one at B+i that sends to FACE_B+i. 172 octets, as G.711 of 20 ms has: an RTP header,
 * the time of sending, and a pattern. Prints one line of JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 172, HEADER = 12, EVENTS = 512, BURST = 64, SETTLE = 200000000, ROOM = 4194304 };

static uint64_t now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000ull + at.tv_nsec;
}

static struct sockaddr_in place(int port) {
    struct sockaddr_in found = {.sin_family = AF_INET, .sin_port = htons(port)};
    found.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return found;
}

static int connected(int own, int peer) {
    struct sockaddr_in here = place(own), there = place(peer);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = ROOM;
    if (fd < 0 || bind(fd, (void *)&here, sizeof here) || connect(fd, (void *)&there, sizeof there)) {
        perror("generator");
        exit(1);
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    return fd;
}

static int compare(const void *one, const void *two) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)two;
    return (a > b) - (a < b);
}

static char data[SIZE + 1], pattern[SIZE];
static uint32_t *delays;
static uint64_t received, wrong, most;

static void drain(int poll) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(poll, events, EVENTS, 0);
    uint64_t at = now();
    for (int i = 0; i < ready; i++)
        for (;;) {
            ssize_t size = recv(events[i].data.fd, data, sizeof data, 0);
            if (size < 0) break;
            uint64_t sent;
            memcpy(&sent, data + HEADER, sizeof sent);
            if (size != SIZE || memcmp(data + HEADER + 8, pattern + HEADER + 8, SIZE - HEADER - 8)) wrong++;
            else if (received < most) delays[received++] = (at - sent) / 100;
        }
}

int main(int count, char **arguments) {
    if (count != 8) return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int flows = atoi(arguments[1]), base[4], poll = epoll_create1(0);
    double rate = atof(arguments[2]), seconds = atof(arguments[3]);
    for (int i = 0; i < 4; i++) base[i] = atoi(arguments[i + 4]);
    int *sockets = calloc(2 * flows, sizeof *sockets);
    for (int i = 0; i < 2 * flows; i++) {
        int side = i % 2;
        sockets[i] = connected(base[side] + i / 2, base[2 + side] + i / 2);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = sockets[i]};
        epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i], &event);
    }
    most = rate * seconds;
    delays = calloc(most + 1, sizeof *delays);
    for (int i = 0; i < SIZE; i++) pattern[i] = i * 7;
    pattern[0] = (char)0x80, pattern[1] = 0;
    uint64_t began = now(), sent = 0, unsent = 0;
    while (sent < most) {
        uint64_t due = (now() - began) * (rate / 1e9);
        if (due > most) due = most;
        for (int burst = 0; sent < due && burst < BURST; burst++, sent++) {
            uint64_t at = now();
            uint16_t sequence = htons(sent / (2 * flows));
            memcpy(pattern + 2, &sequence, 2);
            memcpy(pattern + HEADER, &at, sizeof at);
            if (send(sockets[sent % (2 * flows)], pattern, SIZE, 0) != SIZE) unsent++;
        }
        drain(poll);
    }
    uint64_t took = now() - began;
    for (uint64_t end = now() + SETTLE; now() < end && received + wrong < sent;) drain(poll);
    qsort(delays, received, sizeof *delays, compare);
    printf("{\"sent\":%lu,\"unsent\":%lu,\"received\":%lu,\"wrong\":%lu,\"seconds\":%.3f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
           (unsigned long)sent, (unsigned long)unsent, (unsigned long)received, (unsigned long)wrong, took / 1e9,
           received ? delays[received / 2] / 10.0 : 0, received ? delays[received * 99 / 100] / 10.0 : 0);
    return 0;
}
