/* SPDX-License-Identifier: Apache-2.0 */
/* What `u2k run` is tested with: `subject JOB [ARGUMENT...]`. It says on standard output what it met, and
 * what it is ready for, so that nobody has to guess how long to wait. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void say(const char *text)
{
    for (size_t done = 0, len = strlen(text); done < len;) {
        ssize_t n = write(1, text + done, len - done);
        if (n < 0)
            _exit(99);
        done += (size_t)n;
    }
}

static void note(int signo)
{
    char text[32];
    snprintf(text, sizeof text, "caught %d\n", signo);
    say(text);
    caught++;
}

/* Standard input to standard output; how many bytes on standard error. */
static int copy(void)
{
    static char buffer[65536];
    size_t total = 0;
    ssize_t n;
    while ((n = read(0, buffer, sizeof buffer)) > 0) {
        total += (size_t)n;
        for (ssize_t done = 0; done < n;)
            done += write(1, buffer + done, (size_t)(n - done));
    }
    fprintf(stderr, "%zu bytes%s\n", total, n < 0 ? ", then an error" : "");
    return 0;
}

/* N bytes to each of the two outputs, and gone. */
static int pour(size_t size)
{
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 7 >> 3);
    for (int fd = 1; fd <= 2; fd++)
        for (size_t done = 0; done < size;) {
            ssize_t n = write(fd, bytes + done, size - done);
            if (n < 0)
                return 1;
            done += (size_t)n;
        }
    _exit(3);
}

/* Writes until somebody objects; SIGPIPE as the second argument says. */
static int endless(const char *how)
{
    static char block[65536];
    if (!strcmp(how, "ignore"))
        signal(SIGPIPE, SIG_IGN);
    memset(block, 'y', sizeof block);
    block[1] = '\n';
    while (write(1, block, sizeof block) >= 0)
        ;
    fprintf(stderr, "%s\n", strerror(errno));
    return 4;
}

/* How the three descriptors look. */
static int streams(void)
{
    for (int fd = 0; fd < 3; fd++) {
        struct stat st;
        if (fstat(fd, &st) < 0)
            printf("%d closed\n", fd);
        else
            printf("%d %s%s\n", fd,
                   S_ISCHR(st.st_mode)    ? "device"
                   : S_ISFIFO(st.st_mode) ? "pipe"
                                          : "other",
                   isatty(fd) ? " terminal" : "");
    }
    return 0;
}

/* Until COUNT signals came: asleep, or in a loop that makes no system call. With COUNT 0 none is caught. */
static int await(const char *how, int count)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};
    for (size_t i = 0; count && i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], note);
    say("ready\n");
    while (!count || caught < count)
        if (strcmp(how, "spin"))
            poll(NULL, 0, 50);
    return 7;
}

static void show_size(int signo)
{
    struct winsize size = {0};
    char text[64];
    ioctl(1, TIOCGWINSZ, &size);
    snprintf(text, sizeof text, "%s%dx%d\n", signo ? "now " : "", size.ws_row, size.ws_col);
    say(text);
}

/* The terminal's size, again at each change; then lines, until the end of input. */
static int lines(void)
{
    char line[256];
    ssize_t n;
    struct sigaction act = {.sa_handler = show_size, .sa_flags = SA_RESTART};
    sigaction(SIGWINCH, &act, NULL);
    signal(SIGINT, note);
    show_size(0);
    while ((n = read(0, line, sizeof line - 1)) != 0) {
        if (n < 0)
            continue;
        line[n - (n > 0 && line[n - 1] == '\n')] = 0;
        printf("[%s]\n", line);
        fflush(stdout);
    }
    say("end\n");
    return 5;
}

/* One key at a time, unseen, until q; `crash` then ends as no program should. */
static int keys(const char *how)
{
    struct termios t;
    char key, text[16];
    if (tcgetattr(0, &t) < 0)
        return 1;
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    tcsetattr(0, TCSANOW, &t);
    say("ready\n");
    while (read(0, &key, 1) == 1 && key != 'q') {
        snprintf(text, sizeof text, "<%02x>", (unsigned char)key);
        say(text);
    }
    if (!strcmp(how, "crash"))
        *(volatile int *)8 = 1;
    return 6;
}

static int name(void)
{
    char host[256], text[256] = "";
    FILE *file = fopen("/etc/hostname", "r");
    gethostname(host, sizeof host);
    if (file && !fgets(text, sizeof text, file))
        return 1;
    printf("%s %s", host, text);
    return 0;
}

static int fall(const char *how)
{
    say("before\n");
    if (!strcmp(how, "abort"))
        abort();
    return kill(getpid(), atoi(how));
}

int main(int argc, char **argv)
{
    const char *job = argc > 1 ? argv[1] : "", *first = argc > 2 ? argv[2] : "";
    if (!strcmp(job, "copy"))
        return copy();
    if (!strcmp(job, "pour"))
        return pour((size_t)atol(first));
    if (!strcmp(job, "endless"))
        return endless(first);
    if (!strcmp(job, "streams"))
        return streams();
    if (!strcmp(job, "await"))
        return await(first, argc > 3 ? atoi(argv[3]) : 0);
    if (!strcmp(job, "lines"))
        return lines();
    if (!strcmp(job, "keys"))
        return keys(first);
    if (!strcmp(job, "name"))
        return name();
    if (!strcmp(job, "fall"))
        return fall(first);
    if (!strcmp(job, "exit"))
        return atoi(first);
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    for (char **e = environ; *e; e++)
        printf("\n%s", *e);
    printf("\n");
    return 0;
}
