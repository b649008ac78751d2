/* Two-way media through a box, and what became of it.
 * generator FLOWS RATE SECONDS A FACE_A B FACE_B [SPACE_A SPACE_B]: RATE packets a second in all, half of them each way.
 * A, FACE_A, B and FACE_B are IPv4 addresses, and a line of the file FLOWS has four ports, of the same: peer A is heard
 * at FACE_A, peer B at FACE_B. SPACE_A and SPACE_B are the files of the network namespaces in which the peers are.
 * 172 octets, as G.711 of 20 ms has: an RTP header, the time of sending, the peer it is of, and a pattern.
 * Prints one line of JSON. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 172, HEADER = 12, STAMP = HEADER + 8, MARK = STAMP + 4, EVENTS = 512, BURST = 64, TOGETHER = 16 };
enum { PEERS = 8192, ROOM = 4194304, SETTLE = 200000000 };

static char pattern[SIZE], came[TOGETHER][SIZE + 1];
static struct iovec places[TOGETHER];
static struct mmsghdr heads[TOGETHER];
static int sockets[PEERS], peers;
static uint32_t *delays;
static uint64_t began, received, wrong, most;

static uint64_t now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000ull + at.tv_nsec;
}

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

static struct sockaddr_in place(const char *address, int port) {
    struct sockaddr_in found = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, address, &found.sin_addr) != 1) give_up(address);
    return found;
}

static int connected(const char *own, int own_port, const char *face, int face_port) {
    struct sockaddr_in here = place(own, own_port), there = place(face, face_port);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = ROOM;
    if (fd < 0 || bind(fd, (void *)&here, sizeof here) || connect(fd, (void *)&there, sizeof there)) give_up(own);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    return fd;
}

/* The sockets of one side, 0 or 1: every other one, so that a peer's number and that of whom it talks with differ in
 * one bit. */
static void open_side(int side, const char *flows, const char *own, const char *face, const char *space) {
    int at = space ? open(space, O_RDONLY | O_CLOEXEC) : -1, ports[4];
    if (space && (at < 0 || setns(at, CLONE_NEWNET))) give_up(space);
    if (space) close(at);
    FILE *file = fopen(flows, "r");
    if (!file) give_up(flows);
    int peer = side;
    for (; fscanf(file, "%d %d %d %d", &ports[0], &ports[1], &ports[2], &ports[3]) == 4 && peer < PEERS; peer += 2)
        sockets[peer] = connected(own, ports[2 * side], face, ports[2 * side + 1]);
    peers = peer - side;
    fclose(file);
}

static int compare(const void *one, const void *two) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)two;
    return (a > b) - (a < b);
}

static void check(const char *data, unsigned size, uint32_t peer, uint64_t at) {
    uint64_t sent;
    uint32_t sender;
    memcpy(&sent, data + HEADER, sizeof sent);
    memcpy(&sender, data + STAMP, sizeof sender);
    if (size == SIZE && sent < began) return; /* of a run before, which a box has held up */
    if (size != SIZE || sender != (peer ^ 1) || memcmp(data + MARK, pattern + MARK, SIZE - MARK)) wrong++;
    else if (received < most) delays[received++] = (at - sent) / 100;
}

/* Whatever has come, a few packets of each socket; how many events there were. */
static int drain(int poll) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(poll, events, EVENTS, 0);
    uint64_t at = now();
    for (int i = 0; i < ready; i++) {
        uint32_t peer = events[i].data.u32;
        int count = recvmmsg(sockets[peer], heads, TOGETHER, 0, NULL);
        for (int j = 0; j < count; j++) check(came[j], heads[j].msg_len, peer, at);
    }
    return ready;
}

static int send_one(uint64_t number) {
    uint32_t peer = number % peers;
    uint16_t sequence = htons(number / peers);
    uint64_t at = now();
    memcpy(pattern + 2, &sequence, sizeof sequence);
    memcpy(pattern + HEADER, &at, sizeof at);
    memcpy(pattern + STAMP, &peer, sizeof peer);
    return send(sockets[peer], pattern, SIZE, 0) == SIZE;
}

int main(int count, char **words) {
    if (count != 8 && count != 10) return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    double rate = atof(words[2]), seconds = atof(words[3]);
    for (int side = 0; side < 2; side++)
        open_side(side, words[1], words[4 + 2 * side], words[5 + 2 * side], count == 10 ? words[8 + side] : NULL);
    if (!peers) return 2;
    int poll = epoll_create1(0);
    for (uint32_t peer = 0; peer < (uint32_t)peers; peer++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = peer};
        epoll_ctl(poll, EPOLL_CTL_ADD, sockets[peer], &event);
    }
    for (int i = 0; i < TOGETHER; i++) {
        places[i] = (struct iovec){came[i], sizeof came[i]};
        heads[i].msg_hdr = (struct msghdr){.msg_iov = &places[i], .msg_iovlen = 1};
    }
    most = rate * seconds;
    delays = calloc(most + 1, sizeof *delays);
    for (int i = 0; i < SIZE; i++) pattern[i] = i * 7;
    pattern[0] = (char)0x80, pattern[1] = 0;
    uint64_t sent = 0, unsent = 0, idle = 0;
    began = now();
    while (sent < most) {
        uint64_t turn = now(), due = (turn - began) * (rate / 1e9), before = sent;
        if (due > most) due = most;
        for (int burst = 0; sent < due && burst < BURST; burst++) unsent += !send_one(sent++);
        if (!drain(poll) && sent == before) idle += now() - turn;
    }
    uint64_t took = now() - began;
    for (uint64_t end = now() + SETTLE; now() < end && received + wrong < sent;) drain(poll);
    qsort(delays, received, sizeof *delays, compare);
    printf("{\"sent\":%lu,\"unsent\":%lu,\"received\":%lu,\"wrong\":%lu,\"seconds\":%.3f,\"busy\":%.3f,"
           "\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
           (unsigned long)sent, (unsigned long)unsent, (unsigned long)received, (unsigned long)wrong, took / 1e9,
           1 - (double)idle / took, received ? delays[received / 2] / 10.0 : 0,
           received ? delays[received * 99 / 100] / 10.0 : 0);
    return 0;
}
