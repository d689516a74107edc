/*
 * A minimal verified download over http: recv and OpenSSL's SHA-256.
 *
 *     floor HOST PORT PATH DIGEST
 */

#include <netdb.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

#define BUFFER (128 * 1024)

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

/* Receives at least the head of the response; how much of the body it got. */
static size_t head(int fd, char *buffer, char **body)
{
    size_t size = 0;

    do {
        ssize_t got = recv(fd, buffer + size, BUFFER - 1 - size, 0);

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
    unsigned length;
    size_t left = (size_t)1 << 30, got;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int fd;

    if (argc != 5)
        fail("usage", "HOST PORT PATH DIGEST");
    measure_begin(&begun);
    fd = connect_to(argv[1], argv[2]);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n",
             argv[3], argv[1], argv[2]);
    if (send(fd, request, strlen(request), 0) < 0)
        fail("send", "failed");
    EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
    for (got = head(fd, buffer, &body);; body = buffer) {
        EVP_DigestUpdate(digest, body, got);
        left -= got;
        if (left == 0)
            break;
        got = (size_t)recv(fd, buffer, left < BUFFER ? left : BUFFER, 0);
        if (got == 0 || got == (size_t)-1)
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
