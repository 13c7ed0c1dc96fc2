/* SPDX-License-Identifier: Apache-2.0 */
/* NETLINK_ROUTE as getifaddrs(3) and ip(8) use it, on the loopback device. */
#include "../check.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

static char buffer[16384];

static ssize_t ask(int fd, int type, int flags, const void *body, size_t len)
{
    struct {
        struct nlmsghdr h;
        char body[64];
    } m = {.h = {.nlmsg_len = (unsigned)NLMSG_LENGTH(len),
                 .nlmsg_type = (unsigned short)type,
                 .nlmsg_flags = (unsigned short)flags,
                 .nlmsg_seq = 7}};

    memcpy(m.body, body, len);
    return send(fd, &m, m.h.nlmsg_len, 0);
}

/* Whether a dump ended, and the loopback device's message in it. */
static void dump(const char *what, int fd, int type, int wanted)
{
    struct rtgenmsg all = {AF_UNSPEC};
    int found = 0, done = 0;
    socklen_t len;
    struct sockaddr_nl from;

    works(what, ask(fd, type, NLM_F_REQUEST | NLM_F_DUMP, &all, sizeof all));
    while (!done) {
        len = sizeof from;
        ssize_t n = recvfrom(fd, buffer, sizeof buffer, 0, (void *)&from, &len);
        if (n <= 0)
            break;
        for (struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
            if (h->nlmsg_type == NLMSG_DONE) {
                done = 1;
                break;
            }
            if (h->nlmsg_seq != 7 || !(h->nlmsg_flags & NLM_F_MULTI) ||
                (wanted && h->nlmsg_type != wanted))
                printf("wrong: seq %u, flags %#x, type %d\n", h->nlmsg_seq, h->nlmsg_flags,
                       h->nlmsg_type);
            if (wanted == RTM_NEWLINK && ((struct ifinfomsg *)NLMSG_DATA(h))->ifi_index == 1) {
                struct ifinfomsg *i = NLMSG_DATA(h);
                int rest = (int)IFLA_PAYLOAD(h);
                found = 1;
                printf("type %d, flags %#x\n", i->ifi_type, i->ifi_flags);
                for (struct rtattr *a = IFLA_RTA(i); RTA_OK(a, rest); a = RTA_NEXT(a, rest)) {
                    if (a->rta_type == IFLA_IFNAME)
                        text("name", RTA_DATA(a));
                    if (a->rta_type == IFLA_MTU)
                        fact("mtu", *(int *)RTA_DATA(a));
                    if (a->rta_type == IFLA_ADDRESS)
                        fact("address of", (long)RTA_PAYLOAD(a));
                    if (a->rta_type == IFLA_OPERSTATE)
                        fact("state", *(unsigned char *)RTA_DATA(a));
                }
            }
            if (wanted == RTM_NEWADDR) {
                struct ifaddrmsg *i = NLMSG_DATA(h);
                int rest = (int)IFA_PAYLOAD(h);
                if (i->ifa_index != 1 || i->ifa_family != AF_INET)
                    continue;
                found = 1;
                printf("prefix %d, flags %#x, scope %d\n", i->ifa_prefixlen, i->ifa_flags,
                       i->ifa_scope);
                for (struct rtattr *a = IFA_RTA(i); RTA_OK(a, rest); a = RTA_NEXT(a, rest)) {
                    if (a->rta_type == IFA_ADDRESS || a->rta_type == IFA_LOCAL)
                        text("address", inet_ntoa(*(struct in_addr *)RTA_DATA(a)));
                    if (a->rta_type == IFA_LABEL)
                        text("label", RTA_DATA(a));
                }
            }
        }
    }
    if (wanted)
        yes("loopback", found);
    yes("done", done);
}

static void error(const char *what, int fd)
{
    ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    struct nlmsghdr *h = (void *)buffer;

    if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
        text(what, n < 0 ? error_name(errno) : "short");
        return;
    }
    printf("%s: type %d, seq %u, %s\n", what, h->nlmsg_type, h->nlmsg_seq,
           error_name(-((struct nlmsgerr *)NLMSG_DATA(h))->error));
}

int main(void)
{
    struct sockaddr_nl nl = {.nl_family = AF_NETLINK};
    socklen_t len = sizeof nl;
    struct ifinfomsg i = {.ifi_index = 1};
    struct rtgenmsg all = {AF_UNSPEC};

    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(60);
    result("streams", socket(AF_NETLINK, SOCK_STREAM, 0));
    result("protocol", socket(AF_NETLINK, SOCK_RAW, 99));
    int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)),
        other = must(socket(AF_NETLINK, SOCK_DGRAM, 0));
    getsockname(fd, (void *)&nl, &len);
    fact("port", nl.nl_pid);
    result("bind", bind(fd, (void *)&nl, sizeof nl));
    getsockname(fd, (void *)&nl, &len);
    yes("port is the process's", nl.nl_pid == (unsigned)getpid());
    fact("length", len);
    result("the other's", bind(other, (void *)&nl, sizeof nl));
    nl.nl_pid = 0;
    result("any", bind(other, (void *)&nl, sizeof nl));
    getsockname(other, (void *)&nl, &len);
    yes("is another", nl.nl_pid != (unsigned)getpid() && nl.nl_pid);
    result("short", bind(other, (void *)&nl, 6));
    dump("links", fd, RTM_GETLINK, RTM_NEWLINK);
    dump("addresses", fd, RTM_GETADDR, RTM_NEWADDR);
    dump("routes", fd, RTM_GETROUTE, 0);
    result("one link", ask(fd, RTM_GETLINK, NLM_F_REQUEST, &i, sizeof i));
    len = sizeof nl;
    yes("its message", recvfrom(fd, buffer, sizeof buffer, 0, (void *)&nl, &len) > 100);
    printf("name %u, port %u, groups %u\n", (unsigned)len, nl.nl_pid, nl.nl_groups);
    i.ifi_index = 9999;
    ask(fd, RTM_GETLINK, NLM_F_REQUEST, &i, sizeof i);
    error("no such link", fd);
    ask(fd, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, &i, sizeof i);
    error("no such link, acknowledged", fd);
    ask(fd, 1000, NLM_F_REQUEST, &all, sizeof all);
    error("unknown type", fd);
    ask(fd, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, &all, sizeof all);
    error("no operation", fd);
    ask(fd, RTM_GETLINK, 0, &i, sizeof i);
    error("no request", fd);
    result("short message", send(fd, "abc", 3, 0));
    error("nothing comes", fd);
    yes("cut", (ask(fd, RTM_GETLINK, NLM_F_REQUEST, &(struct ifinfomsg){.ifi_index = 1}, sizeof i),
                recv(fd, buffer, 20, MSG_TRUNC)) > 100);
    struct pollfd one = {fd, POLLIN | POLLOUT, 0};
    fact("poll", poll(&one, 1, 0));
    printf("%#x\n", (unsigned)one.revents);
    result("listen", listen(fd, 1));
    result("shutdown", shutdown(fd, SHUT_RD));
    int on = 1;
    result("extended errors", setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on));
    result("unknown option", setsockopt(fd, SOL_NETLINK, 99, &on, sizeof on));

    struct ifaddrs *list, *a;
    works("getifaddrs", getifaddrs(&list));
    for (a = list; a; a = a->ifa_next)
        if (strcmp(a->ifa_name, "lo") == 0 && a->ifa_addr) {
            if (a->ifa_addr->sa_family == AF_INET)
                text("lo", inet_ntoa(((struct sockaddr_in *)a->ifa_addr)->sin_addr));
            else if (a->ifa_addr->sa_family == AF_PACKET)
                printf("lo: %#x\n", a->ifa_flags);
        }
    struct if_nameindex *index = if_nameindex();
    yes("if_nameindex", index && index[0].if_index == 1 && strcmp(index[0].if_name, "lo") == 0);
    return 0;
}
