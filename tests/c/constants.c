/*
 * The constants of the header, and what the library says of them. Arguments:
 * how, the version, and the number of each status.
 */
#include "check.h"

static char **arguments;
static int statuses;

static void version(void)
{
    char text[64];

    snprintf(text, sizeof text, "%d.%d.%d", REGGIE_VERSION_MAJOR,
             REGGIE_VERSION_MINOR, REGGIE_VERSION_PATCH);
    CHECK_TEXT(arguments[2], text);
    CHECK_TEXT(arguments[2], REGGIE_VERSION);
    CHECK_TEXT(arguments[2], reggie_version());
    CHECK(reggie_version() == reggie_version());
    CHECK_NUMBER(REGGIE_VERSION_MAJOR * 1000000 + REGGIE_VERSION_MINOR * 1000
                     + REGGIE_VERSION_PATCH,
                 REGGIE_VERSION_NUMBER);
    CHECK_NUMBER(REGGIE_VERSION_NUMBER, reggie_version_number());
}

static void texts(void)
{
    CHECK_TEXT("GET", REGGIE_GET);
    CHECK_TEXT("PUT", REGGIE_PUT);
    CHECK_TEXT("PATCH", REGGIE_PATCH);
    CHECK_TEXT("DELETE", REGGIE_DELETE);
    CHECK_TEXT("POST", REGGIE_POST);
    CHECK_TEXT("HEAD", REGGIE_HEAD);
    CHECK_TEXT("OPTIONS", REGGIE_OPTIONS);
    CHECK_TEXT("sha256", REGGIE_SHA256);
    CHECK_TEXT("sha384", REGGIE_SHA384);
    CHECK_TEXT("sha512", REGGIE_SHA512);
    CHECK_TEXT("application/vnd.oci.image.manifest.v1+json",
               REGGIE_OCI_MANIFEST);
    CHECK_TEXT("application/vnd.oci.image.index.v1+json", REGGIE_OCI_INDEX);
    CHECK_TEXT("application/vnd.docker.distribution.manifest.v2+json",
               REGGIE_DOCKER_MANIFEST);
    CHECK_TEXT("application/vnd.docker.distribution.manifest.list.v2+json",
               REGGIE_DOCKER_LIST);
    CHECK_TEXT("application/vnd.oci.empty.v1+json", REGGIE_EMPTY);
    CHECK_TEXT("application/octet-stream", REGGIE_OCTETS);
    CHECK_TEXT("org.opencontainers.image.title", REGGIE_TITLE);
    CHECK(REGGIE_UNKNOWN_SIZE == UINT64_MAX);
}

static int is_status(int number)
{
    int i;

    for (i = 0; i < statuses; i++)
        if (atoi(arguments[3 + i]) == number)
            return 1;
    return 0;
}

/* A text of its own for each status, and one for all other numbers. */
static void status_strings(void)
{
    const char *unknown = reggie_status_string(-1);
    int i;
    int j;

    CHECK(unknown[0] != '\0');
    for (i = -2; i < 3000; i++)
        CHECK(is_status(i) != (strcmp(unknown, reggie_status_string(i)) == 0));
    for (i = 0; i < statuses; i++) {
        const char *text = reggie_status_string(atoi(arguments[3 + i]));

        CHECK(text[0] != '\0');
        for (j = 0; j < i; j++)
            CHECK(strcmp(text, reggie_status_string(atoi(arguments[3 + j]))));
    }
}

static void run(void *context)
{
    (void)context;
    version();
    texts();
    status_strings();
}

int main(int count, char **values)
{
    CHECK(count > 40);
    arguments = values;
    statuses = count - 3;
    CHECK(is_status(REGGIE_OK) && is_status(REGGIE_NO_ERRORS));
    return check_run(arguments[1], run, NULL);
}
