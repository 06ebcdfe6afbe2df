/* Copyright (c) 2026 homerouter.tripleplay contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The lab's stand-in for udpxy and udpxrec, for machines that cannot reach the real source: the same options, addresses and signals as far
 * as the role iptv_apps uses them, and nothing more. It relays for tests; it is no program for a home.
 *
 *   udpxy -T -a ADDRESS|INTERFACE -p PORT -m ADDRESS|INTERFACE [-c CLIENTS] [-B SIZE] [-M SECONDS] [-R N] [-H N] [-S]
 *       GET /rtp/GROUP:PORT, GET /udp/GROUP:PORT: the transport stream; GET /status: how many clients there are
 *   udpxrec -T [-e +[[DAYS:]HOURS:]MINUTES.SECONDS] [-M SIZE] [-B SIZE] [-n NICE] [-m ADDRESS|INTERFACE] -c GROUP:PORT FILE
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DATAGRAM 65536
/* As udpxy's: a channel that is silent for so many seconds has ended. */
#define SILENCE 5

static const char banner[] = "udpxy " VERSION " (stand-in of homerouter.tripleplay's lab) standard [Linux]";
static volatile sig_atomic_t quit;

static void on_signal(int number)
{
    (void)number;
    quit = 1;
}

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static void usage(void)
{
    fprintf(stderr, "%s\nusage: udpxy -T -a LISTEN -p PORT -m SOURCE | udpxrec -T -c GROUP:PORT FILE\n", banner);
    exit(1);
}

static struct in_addr address_of(const char *word)
{
    struct in_addr address;
    struct ifreq request = {0};
    int sock;

    if (inet_aton(word, &address))
        return address;
    sock = socket(AF_INET, SOCK_DGRAM, 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", word);
    if (sock < 0 || ioctl(sock, SIOCGIFADDR, &request) < 0)
        die(word);
    close(sock);
    memcpy(&address, &((struct sockaddr_in *)&request.ifr_addr)->sin_addr, sizeof address);
    return address;
}

/* 65536, 64K, 1Mb, 1.5Gb */
static long long size_of(const char *word)
{
    char *rest;
    double value = strtod(word, &rest);

    if (*rest == 'k' || *rest == 'K')
        value *= 1 << 10;
    else if (*rest == 'm' || *rest == 'M')
        value *= 1 << 20;
    else if (*rest == 'g' || *rest == 'G')
        value *= 1 << 30;
    else if (*rest)
        usage();
    return (long long)value;
}

/* +[[DAYS:]HOURS:]MINUTES.SECONDS */
static unsigned seconds_of(const char *word)
{
    static const unsigned unit[] = {86400, 3600, 60, 1};
    unsigned field[4] = {0}, count = 0, sum = 0;

    if (*word++ != '+')
        usage();
    for (char *rest; count < 4; word = rest + 1) {
        field[count++] = (unsigned)strtoul(word, &rest, 10);
        if (!*rest)
            break;
        if (*rest != ':' && *rest != '.')
            usage();
    }
    for (unsigned i = 0; i < count; i++)
        sum += field[i] * unit[4 - count + i];
    return sum;
}

static int group_of(const char *word, struct sockaddr_in *group)
{
    char address[16];
    unsigned port;

    *group = (struct sockaddr_in){.sin_family = AF_INET};
    if (sscanf(word, "%15[0-9.]:%u", address, &port) != 2 || port < 1 || port > 65535 || !inet_aton(address, &group->sin_addr))
        return 0;
    group->sin_port = htons((uint16_t)port);
    return IN_MULTICAST(ntohl(group->sin_addr.s_addr));
}

static int membership(int sock, int what, const struct sockaddr_in *group, struct in_addr by)
{
    struct ip_mreq member = {.imr_multiaddr = group->sin_addr, .imr_interface = by};

    return setsockopt(sock, IPPROTO_IP, what, &member, sizeof member);
}

static int join(const struct sockaddr_in *group, struct in_addr by, int buffer)
{
    int on = 1, off = 0, sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = SILENCE};

    if (sock < 0)
        die("socket");
    setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(sock, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (bind(sock, (const struct sockaddr *)group, sizeof *group) || membership(sock, IP_ADD_MEMBERSHIP, group, by))
        die("join");
    return sock;
}

/* Where the transport stream begins behind an RTP header (RFC 3550), or 0. */
static size_t skip(const unsigned char *data, size_t length)
{
    size_t at;

    if (length < 12 || data[0] >> 6 != 2 || (data[1] & 0x7f) != 33)
        return 0;
    at = 12 + 4 * (data[0] & 15);
    if (data[0] & 16 && at + 4 <= length)
        at += 4 + 4 * (size_t)(data[at + 2] << 8 | data[at + 3]);
    return at < length ? at : length;
}

static int put(int to, const unsigned char *data, size_t length)
{
    while (length) {
        ssize_t done = write(to, data, length);

        if (done < 0 && errno == EINTR && !quit)
            continue;
        if (done <= 0)
            return 0;
        data += done;
        length -= (size_t)done;
    }
    return 1;
}

static void answer(int client, const char *status, const char *type, const char *body)
{
    dprintf(client, "HTTP/1.1 %s\r\nServer: %s\r\nContent-Type: %s\r\nConnection: close\r\n\r\n%s", status, banner, type, body);
}

static void relay(int client, const struct sockaddr_in *group, struct in_addr by, int buffer, int renew)
{
    static unsigned char data[DATAGRAM];
    int sock = join(group, by, buffer);
    time_t renewed = time(NULL);
    struct pollfd watched[] = {{.fd = sock, .events = POLLIN}, {.fd = client, .events = POLLRDHUP}};

    answer(client, "200 OK", "application/octet-stream", "");
    while (!quit && poll(watched, 2, SILENCE * 1000) > 0 && !(watched[1].revents & (POLLHUP | POLLRDHUP | POLLERR))) {
        ssize_t length;
        size_t at;

        if (renew && time(NULL) - renewed >= renew) {
            /* udpxy's way: it leaves, and joins again. */
            membership(sock, IP_DROP_MEMBERSHIP, group, by);
            membership(sock, IP_ADD_MEMBERSHIP, group, by);
            renewed = time(NULL);
        }
        length = recv(sock, data, sizeof data, MSG_DONTWAIT);
        if (length < 0)
            continue;
        at = skip(data, (size_t)length);
        if (!put(client, data + at, (size_t)length - at))
            break;
    }
}

static int serve(int argc, char **argv)
{
    struct in_addr by = {0};
    struct sockaddr_in listen_at = {.sin_family = AF_INET};
    int on = 1, buffer = 2048, limit = 3, renew = 0, clients = 0, option, sock;

    while ((option = getopt(argc, argv, "TvSa:l:p:m:c:B:n:R:H:M:")) != -1)
        switch (option) {
        case 'a': listen_at.sin_addr = address_of(optarg); break;
        case 'p': listen_at.sin_port = htons((uint16_t)atoi(optarg)); break;
        case 'm': by = address_of(optarg); break;
        case 'c': limit = atoi(optarg); break;
        case 'B': buffer = (int)size_of(optarg); break;
        case 'M': renew = atoi(optarg); break;
        case '?': usage();
        }
    if (!listen_at.sin_port)
        usage();
    sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(sock, (struct sockaddr *)&listen_at, sizeof listen_at) || listen(sock, 64))
        die("listen");
    fprintf(stderr, "%s serves\n", banner);
    while (!quit) {
        char request[1024], command[8], what[64], body[256];
        struct sockaddr_in group;
        struct pollfd waiting = {.fd = sock, .events = POLLIN};
        ssize_t length;
        int client;

        while (waitpid(-1, NULL, WNOHANG) > 0)
            clients--;
        if (poll(&waiting, 1, 1000) <= 0)
            continue;
        client = accept(sock, NULL, NULL);
        if (client < 0)
            continue;
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 1}, sizeof(struct timeval));
        length = read(client, request, sizeof request - 1);
        request[length > 0 ? length : 0] = 0;
        if (sscanf(request, "GET /%7[a-z]/%63[^ /]", command, what) == 2 && (!strcmp(command, "rtp") || !strcmp(command, "udp"))
            && group_of(what, &group)) {
            if (clients >= limit)
                answer(client, "503 Service Unavailable", "text/plain", "");
            else if (!fork()) {
                close(sock);
                relay(client, &group, by, buffer, renew);
                _exit(0);
            } else
                clients++;
        } else if (!strncmp(request, "GET /status", 11)) {
            snprintf(body, sizeof body, "<html><body><p>%s</p><p>Active clients: %d</p></body></html>\n", banner, clients);
            answer(client, "200 OK", "text/html", body);
        } else
            answer(client, "400 Bad Request", "text/plain", "");
        close(client);
    }
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    return 0;
}

static int record(int argc, char **argv)
{
    static unsigned char data[DATAGRAM];
    struct sockaddr_in group = {0};
    struct in_addr by = {0};
    long long most = 0, written = 0;
    unsigned seconds = 0;
    int buffer = 65536, nice_by = 0, known = 0, option, sock, file;

    while ((option = getopt(argc, argv, "Tve:M:p:B:R:n:m:l:c:i:u:")) != -1)
        switch (option) {
        case 'e': seconds = seconds_of(optarg); break;
        case 'M': most = size_of(optarg); break;
        case 'B': buffer = (int)size_of(optarg); break;
        case 'n': nice_by = atoi(optarg); break;
        case 'm': by = address_of(optarg); break;
        case 'c': known = group_of(optarg, &group); break;
        case '?': usage();
        }
    if (!known || optind != argc - 1)
        usage();
    sock = join(&group, by, buffer);
    file = open(argv[optind], O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (file < 0 || (nice_by && (errno = 0, nice(nice_by)) == -1 && errno))
        die(argv[optind]);
    fprintf(stderr, "%s records %s\n", banner, argv[optind]);
    alarm(seconds);
    while (!quit) {
        ssize_t length = recv(sock, data, sizeof data, 0);
        size_t at;

        if (length < 0) {
            if (errno == EINTR)
                continue;
            die("no datagram came");
        }
        at = skip(data, (size_t)length);
        if (most && written + length - (ssize_t)at >= most)
            break;
        if (!put(file, data + at, (size_t)length - at))
            die(argv[optind]);
        written += length - (ssize_t)at;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_signal};
    const char *slash = strrchr(argv[0], '/');

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    setpgid(0, 0);
    return strcmp(slash ? slash + 1 : argv[0], "udpxrec") ? serve(argc, argv) : record(argc, argv);
}
