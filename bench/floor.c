/*
 * A minimal verified download of blobs, four at once: recv, or OpenSSL's SSL_read if
 * there is a certificate to trust, OpenSSL's SHA-256, and, with a folder, write(2).
 *
 *     floor [--ca FILE] [--to FOLDER] HOST PORT REPOSITORY DIGEST...
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure.h"

/* Files are written much faster in large pieces. */
#define BUFFER (256 * 1024)
#define RECORD (16 * 1024)
#define THREADS 4

static const char *ca, *folder, *host, *port, *repository;
/* The next blob to download; NULL after the last. */
static char **digests;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct connection {
    int fd;
    /* NULL over http. */
    SSL *tls;
    char *buffer;
};

static void begin_tls(struct connection *to)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1)
        fail(ca, "not read");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, BUFFER);
    to->tls = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set1_host(to->tls, host);
    SSL_set_tlsext_host_name(to->tls, host);
    SSL_set_fd(to->tls, to->fd);
    if (SSL_connect(to->tls) != 1)
        fail(host, "no TLS session");
}

static struct connection open_connection(void)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
    struct connection to = { .buffer = malloc(BUFFER) };

    if (to.buffer == NULL || getaddrinfo(host, port, &hints, &found) != 0)
        fail(host, "not found");
    to.fd = socket(found->ai_family, found->ai_socktype, 0);
    if (to.fd < 0 || connect(to.fd, found->ai_addr, found->ai_addrlen) != 0)
        fail(host, "not connected");
    freeaddrinfo(found);
    if (ca != NULL)
        begin_tls(&to);
    return to;
}

static void close_connection(struct connection *to)
{
    SSL_free(to->tls);
    close(to->fd);
    free(to->buffer);
}

static void request(struct connection *to, const char *digest)
{
    char text[1024];
    int length = snprintf(text, sizeof text,
                          "GET /v2/%s/blobs/%s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", repository,
                          digest, host, port);
    ssize_t sent = to->tls == NULL ? send(to->fd, text, (size_t)length, 0)
                                   : SSL_write(to->tls, text, length);

    if (sent != length)
        fail("send", "failed");
}

/* Receives at most `size` bytes to `offset` in the buffer. */
static size_t receive(struct connection *to, size_t offset, size_t size)
{
    char *at = to->buffer + offset;
    ssize_t got = to->tls == NULL ? recv(to->fd, at, size, 0)
                                  : SSL_read(to->tls, at, (int)size);

    if (got <= 0)
        fail("recv", "ended early");
    return (size_t)got;
}

/* Receives the head of a response and moves what came of the body to the start of the
 * buffer. Returns how much that is, and the length of the whole body. */
static size_t receive_head(struct connection *to, size_t *length)
{
    size_t size = 0;
    char *end, *field;

    do {
        size += receive(to, size, BUFFER - 1 - size);
        to->buffer[size] = '\0';
        end = strstr(to->buffer, "\r\n\r\n");
    } while (end == NULL);
    field = strcasestr(to->buffer, "\r\nContent-Length:");
    if (strncmp(to->buffer, "HTTP/1.1 200", 12) != 0 || field == NULL || field > end)
        fail("recv", "unexpected response");
    *length = strtoull(strchr(field, ':') + 1, NULL, 10);
    end += 4;
    size -= (size_t)(end - to->buffer);
    memmove(to->buffer, end, size);
    return size;
}

static void check(EVP_MD_CTX *content, const char *digest)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    char text[EVP_MAX_MD_SIZE * 2 + 8] = "sha256:";
    unsigned length;

    EVP_DigestFinal_ex(content, hash, &length);
    for (unsigned i = 0; i < length; i++)
        sprintf(text + strlen(text), "%02x", hash[i]);
    if (strcmp(text, digest) != 0)
        fail(digest, "not the digest");
}

static int create(const char *digest)
{
    char path[1024];
    int fd;

    if (folder == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/%s", folder, digest + strlen("sha256:"));
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (fd < 0)
        fail(path, "not created");
    return fd;
}

static void download(struct connection *from, const char *digest)
{
    EVP_MD_CTX *content = EVP_MD_CTX_new();
    int file = create(digest);
    size_t left, held = 0, got;

    request(from, digest);
    EVP_DigestInit_ex(content, EVP_sha256(), NULL);
    got = receive_head(from, &left);
    for (;;) {
        EVP_DigestUpdate(content, from->buffer + held, got);
        held += got;
        left -= got;
        if (left == 0 || file < 0 || BUFFER - held < RECORD) {
            if (file >= 0 && write(file, from->buffer, held) != (ssize_t)held)
                fail(folder, "not written");
            held = 0;
        }
        if (left == 0)
            break;
        got = receive(from, held, left < BUFFER - held ? left : BUFFER - held);
    }
    check(content, digest);
    EVP_MD_CTX_free(content);
    if (file >= 0)
        close(file);
}

static void *download_all(void *unused)
{
    struct connection from = open_connection();
    const char *digest;

    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        digest = *digests;
        digests += digest != NULL;
        pthread_mutex_unlock(&lock);
        if (digest == NULL)
            break;
        download(&from, digest);
    }
    close_connection(&from);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    struct measure begun;
    int count;

    for (; argc > 2 && strncmp(argv[1], "--", 2) == 0; argc -= 2, argv += 2)
        *(strcmp(argv[1], "--ca") == 0 ? &ca : &folder) = argv[2];
    if (argc < 5)
        fail("usage", "[--ca FILE] [--to FOLDER] HOST PORT REPOSITORY DIGEST...");
    host = argv[1];
    port = argv[2];
    repository = argv[3];
    digests = argv + 4;
    count = argc - 4 < THREADS ? argc - 4 : THREADS;
    if (folder != NULL && mkdir(folder, 0777) != 0 && errno != EEXIST)
        fail(folder, "not created");
    measure_begin(&begun);
    for (int i = 1; i < count; i++)
        if (pthread_create(&threads[i], NULL, download_all, NULL) != 0)
            fail("thread", "not created");
    download_all(NULL);
    for (int i = 1; i < count; i++)
        pthread_join(threads[i], NULL);
    measure_end(&begun);
    return 0;
}
