/*
 * A minimal verified download: recv, or OpenSSL's SSL_read if there is a certificate
 * to trust, and OpenSSL's SHA-256.
 *
 *     floor [--ca FILE] HOST PORT PATH DIGEST
 */

#include <netdb.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

#define BUFFER (128 * 1024)

/* NULL over http. */
static SSL *tls;

static int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
    int fd;

    if (getaddrinfo(host, port, &hints, &found) != 0)
        fail(host, "not found");
    fd = socket(found->ai_family, found->ai_socktype, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0)
        fail(host, "not connected");
    freeaddrinfo(found);
    return fd;
}

static void begin_tls(const char *ca, const char *host, int fd)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1)
        fail(ca, "not read");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, BUFFER);
    tls = SSL_new(context);
    SSL_set1_host(tls, host);
    SSL_set_tlsext_host_name(tls, host);
    SSL_set_fd(tls, fd);
    if (SSL_connect(tls) != 1)
        fail(host, "no TLS session");
}

static ssize_t receive(int fd, char *buffer, size_t size)
{
    return tls == NULL ? recv(fd, buffer, size, 0) : SSL_read(tls, buffer, (int)size);
}

/* Receives at least the head of the response; how much of the body it got. */
static size_t head(int fd, char *buffer, char **body)
{
    size_t size = 0;

    do {
        ssize_t got = receive(fd, buffer + size, BUFFER - 1 - size);

        if (got <= 0)
            fail("recv", "no head");
        size += (size_t)got;
        buffer[size] = '\0';
        *body = strstr(buffer, "\r\n\r\n");
    } while (*body == NULL);
    if (strncmp(buffer, "HTTP/1.1 200", 12) != 0)
        fail("recv", "unexpected status");
    *body += 4;
    return size - (size_t)(*body - buffer);
}

int main(int argc, char **argv)
{
    static char buffer[BUFFER];
    struct measure begun;
    unsigned char hash[EVP_MAX_MD_SIZE];
    char text[EVP_MAX_MD_SIZE * 2 + 8] = "sha256:", request[1024], *body;
    const char *ca = NULL;
    unsigned length;
    size_t left = (size_t)1 << 30;
    ssize_t got;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int fd;

    if (argc == 7 && strcmp(argv[1], "--ca") == 0) {
        ca = argv[2];
        argv += 2;
    } else if (argc != 5) {
        fail("usage", "[--ca FILE] HOST PORT PATH DIGEST");
    }
    measure_begin(&begun);
    fd = connect_to(argv[1], argv[2]);
    if (ca != NULL)
        begin_tls(ca, argv[1], fd);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n",
             argv[3], argv[1], argv[2]);
    if ((tls == NULL ? send(fd, request, strlen(request), 0)
                     : SSL_write(tls, request, (int)strlen(request))) <= 0)
        fail("send", "failed");
    EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
    for (got = (ssize_t)head(fd, buffer, &body);; body = buffer) {
        EVP_DigestUpdate(digest, body, (size_t)got);
        left -= (size_t)got;
        if (left == 0)
            break;
        got = receive(fd, buffer, left < BUFFER ? left : BUFFER);
        if (got <= 0)
            fail("recv", "ended early");
    }
    EVP_DigestFinal_ex(digest, hash, &length);
    for (unsigned i = 0; i < length; i++)
        sprintf(text + strlen(text), "%02x", hash[i]);
    if (strcmp(text, argv[4]) != 0)
        fail(argv[4], "not the digest");
    EVP_MD_CTX_free(digest);
    close(fd);
    measure_end(&begun);
    return 0;
}
