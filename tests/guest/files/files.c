/* SPDX-License-Identifier: Apache-2.0 */
/* One file at a time: opening, reading, writing, sizes, holes, descriptors, attributes. */
#include "../check.h"
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/xattr.h>

static void opening(const char *self)
{
    int fd, path;
    char c;

    works("not there", open("a", O_RDWR));
    works("create", open("a", O_RDWR | O_CREAT, 0666));
    works("create exclusively what is there", open("a", O_RDWR | O_CREAT | O_EXCL, 0666));
    works("a folder to write", open("/tmp", O_WRONLY));
    works("a folder, create", open("/tmp", O_RDONLY | O_CREAT, 0666));
    works("a file as a folder", open("a", O_RDONLY | O_DIRECTORY));
    works("below a file", open("a/b", O_RDONLY));
    works("a file with a slash", open("a/", O_RDONLY));
    works("create with a slash", open("b/", O_RDWR | O_CREAT, 0666));
    works("no name", open("", O_RDONLY));
    works("name nowhere", open((const char *)8, O_RDONLY));
    static char longest[5000];
    memset(longest, 'x', 300);
    works("long name", open(longest, O_RDONLY));
    memset(longest, '/', 4999);
    works("long path", open(longest, O_RDONLY));
    works("in no folder", openat(-1, "a", O_RDONLY));
    works("in a file", openat(open("a", O_RDONLY), "b", O_RDONLY));
    works("absolute, in no folder", openat(-1, "/tmp", O_RDONLY));
    fd = (int)must(open("a", O_RDONLY));
    result("write to a reader", write(fd, "x", 1));
    result("truncate a reader", ftruncate(fd, 1));
    octal("flags", (unsigned long)fcntl(fd, F_GETFL));
    close(fd);
    fd = (int)must(open("a", O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK));
    octal("flags", (unsigned long)fcntl(fd, F_GETFL));
    fact("close on exec", fcntl(fd, F_GETFD));
    result("read of a writer", read(fd, &c, 1));
    must(write(fd, "hello world", 11));
    result("append after a seek", (lseek(fd, 0, SEEK_SET), write(fd, "!", 1)));
    fact("where", lseek(fd, 0, SEEK_CUR));
    result("pwrite appends, too", pwrite(fd, "?", 1, 0));
    fact("size", lseek(fd, 0, SEEK_END));
    result("take append away", fcntl(fd, F_SETFL, 0));
    result("pwrite", pwrite(fd, "J", 1, 0));
    close(fd);
    path = (int)must(open("a", O_PATH));
    octal("flags of O_PATH", (unsigned long)fcntl(path, F_GETFL));
    result("read of O_PATH", read(path, &c, 1));
    result("fchmod of O_PATH", fchmod(path, 0600));
    struct stat about;
    result("fstat of O_PATH", fstat(path, &about));
    fact("its size", about.st_size);
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", path);
    works("reopen it", open(link, O_RDONLY));
    fd = (int)must(open("a", O_RDWR | O_TRUNC));
    fact("truncated", lseek(fd, 0, SEEK_END));
    works("nofollow of a link", (symlink("a", "l"), open("l", O_RDONLY | O_NOFOLLOW)));
    works("O_PATH nofollow of a link", open("l", O_PATH | O_NOFOLLOW));
    works("dangling link, create", (symlink("made", "d"), open("d", O_RDWR | O_CREAT, 0600)));
    works("it was made", open("made", O_RDONLY));
    works("dangling link, exclusively",
          (unlink("made"), open("d", O_RDWR | O_CREAT | O_EXCL, 0600)));
    works("loop", (symlink("loop", "loop"), open("loop", O_RDONLY)));
    works("unnamed", open(".", O_TMPFILE | O_RDWR, 0600));
    works("own program, to write", open(self, O_RDWR));
    for (int i = 0; i < 12; i++)
        unlink((const char *[]){"a", "l", "d", "loop", "made", "b"}[i % 6]);
}

static void reading_and_writing(void)
{
    int fd = (int)must(open("data", O_RDWR | O_CREAT | O_TRUNC, 0644));
    char buffer[32] = {0};
    struct iovec two[2] = {{buffer, 3}, {buffer + 10, 4}};

    result("write", write(fd, "0123456789abcdef", 16));
    result("read at the end", read(fd, buffer, 4));
    result("seek back", lseek(fd, -6, SEEK_END));
    result("readv", readv(fd, two, 2));
    printf("pieces: %.3s %.3s\n", buffer, buffer + 10);
    result("seek before the start", lseek(fd, -1, SEEK_SET));
    result("unknown whence", lseek(fd, 0, 17));
    result("pread", pread(fd, buffer, 5, 2));
    printf("got: %.5s\n", buffer);
    result("pread before the start", pread(fd, buffer, 5, -1));
    result("pread behind the end", pread(fd, buffer, 5, 100));
    result("preadv", preadv(fd, two, 2, 1));
    result("preadv2 at the position", preadv2(fd, two, 2, -1, 0));
    fact("where", lseek(fd, 0, SEEK_CUR));
    result("pwritev", pwritev(fd, two, 2, 20));
    fact("size", lseek(fd, 0, SEEK_END));
    result("read into nowhere", (lseek(fd, 0, SEEK_SET), read(fd, (void *)8, 4)));
    result("write from nowhere", write(fd, (void *)8, 4));
    result("iovec nowhere", readv(fd, (void *)8, 2));
    two[1].iov_len = (size_t)-1;
    result("iovec too long", readv(fd, two, 2));
    result("bad descriptor", read(77, buffer, 1));
    result("negative descriptor", write(-1, buffer, 1));
    result("read a folder", read((int)must(open(".", O_RDONLY)), buffer, 1));
    result("fsync", fsync(fd));
    result("fdatasync", fdatasync(fd));
    int value = -1;
    result("FIONREAD", ioctl(fd, FIONREAD, &value));
    fact("bytes left", value);
    result("TCGETS", isatty(fd));
    unlink("data");
    result("write to an unlinked file", write(fd, "x", 1));
    struct stat about;
    must(fstat(fd, &about));
    fact("links of it", (long long)about.st_nlink);
    int in = (int)must(open("in", O_RDWR | O_CREAT, 0644)),
        out = (int)must(open("out", O_RDWR | O_CREAT, 0644));
    must(write(in, "copied without a buffer", 23));
    loff_t from = 7;
    result("copy_file_range", copy_file_range(in, &from, out, NULL, 100, 0));
    result("sendfile", syscall(SYS_sendfile, out, in, &from, 4L));
    fact("size of the copy", lseek(out, 0, SEEK_END));
}

static void sizes(void)
{
    int fd = (int)must(open("sparse", O_RDWR | O_CREAT | O_TRUNC, 0644));
    char byte = 1;
    struct stat about;

    result("truncate up", ftruncate(fd, 1 << 20));
    must(fstat(fd, &about));
    fact("size", about.st_size);
    fact("blocks of a hole", about.st_blocks);
    result("read of a hole", pread(fd, &byte, 1, 5000));
    fact("it is", byte);
    must(pwrite(fd, "x", 1, 512 << 10));
    result("data", lseek(fd, 0, SEEK_DATA));
    result("hole", lseek(fd, 512 << 10, SEEK_HOLE));
    result("hole at the start", lseek(fd, 0, SEEK_HOLE));
    result("data behind all data", lseek(fd, 600 << 10, SEEK_DATA));
    result("hole behind the end", lseek(fd, 2 << 20, SEEK_HOLE));
    must(fstat(fd, &about));
    fact("blocks with one page", about.st_blocks);
    fact("block size", about.st_blksize);
    result("write far away", pwrite(fd, "y", 1, 1ll << 32));
    fact("size", lseek(fd, 0, SEEK_END));
    result("truncate down", truncate("sparse", 10));
    fact("size", lseek(fd, 0, SEEK_END));
    result("truncate to less than nothing", ftruncate(fd, -1));
    result("truncate a folder", truncate("/tmp", 0));
    result("truncate nothing", truncate("nothing", 0));
    result("fallocate", fallocate(fd, 0, 0, 8192));
    fact("size", lseek(fd, 0, SEEK_END));
    result("fallocate, size kept", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 65536));
    fact("size", lseek(fd, 0, SEEK_END));
    result("punch a hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    unlink("sparse");
}

static void descriptors(void)
{
    int fd = (int)must(open("/dev/null", O_RDWR));

    fact("dup takes the lowest", dup(fd) - fd);
    result("dup2 to itself", dup2(fd, fd) - fd);
    result("dup2 far", dup2(fd, 200));
    result("dup2 of nothing", dup2(99, 5));
    result("dup2 too far", dup2(fd, 1 << 24));
    result("dup3 to itself", dup3(fd, fd, 0));
    result("dup3", dup3(fd, 201, O_CLOEXEC));
    fact("close on exec", fcntl(201, F_GETFD));
    fact("not of the first", fcntl(200, F_GETFD));
    result("F_DUPFD", fcntl(fd, F_DUPFD, 150));
    result("F_DUPFD_CLOEXEC", fcntl(fd, F_DUPFD_CLOEXEC, 150));
    fact("close on exec", fcntl(151, F_GETFD));
    result("set it", fcntl(150, F_SETFD, FD_CLOEXEC));
    fact("it is set", fcntl(150, F_GETFD));
    result("unknown command", fcntl(fd, 9999));
    result("of nothing", fcntl(99, F_GETFD));
    result("close_range", syscall(SYS_close_range, 150u, 300u, 0u));
    result("closed", fcntl(200, F_GETFD));
    int a = (int)must(open("shared", O_RDWR | O_CREAT, 0600)), b = dup(a);
    must(write(a, "abc", 3));
    fact("duplicates share the position", lseek(b, 0, SEEK_CUR));
    result("and flags", (fcntl(a, F_SETFL, O_APPEND), fcntl(b, F_GETFL) & O_APPEND));
    unlink("shared");
}

static void attributes(void)
{
    char value[64], list[256];
    int fd = (int)must(open("attributes", O_RDWR | O_CREAT, 0600));
    ssize_t size;

    result("no such attribute", getxattr("attributes", "user.none", value, sizeof(value)));
    result("none in the list", listxattr("attributes", list, sizeof(list)));
    result("of nothing", getxattr("nothing", "user.none", value, sizeof(value)));
    result("name space", getxattr("attributes", "nonsense", value, sizeof(value)));
    result("of a descriptor", fgetxattr(fd, "user.none", value, sizeof(value)));
    result("of a link", lgetxattr("attributes", "user.none", value, sizeof(value)));
    size = getxattr("/", "user.none", value, 0);
    yes("of the root", size == -1 && (errno == ENODATA || errno == ENOTSUP));
    result("remove nothing", removexattr("attributes", "user.none"));
}

int main(int argc, char **argv)
{
    (void)argc;
    own_folder();
    opening(argv[0]);
    reading_and_writing();
    sizes();
    descriptors();
    attributes();
    return 0;
}
