/*
 * Calls with arguments of no use: each macro takes a call, checks what it
 * does, and tells that it was made, so that nobody can forget an argument of
 * a function. The calls use these names:
 *
 *   text    each of the texts of no use in turn
 *   index   each of the numbers out of range in turn
 *   out.x   places for results
 *   error   the place for errors
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "check.h"

#define LARGE ((size_t)1 << 20)

/* In the order of the statuses of TAKES(), after NULL. */
enum { EMPTY, BIG, UTF8, CRLF, TEXTS = CRLF + 4 };

static char large[LARGE + 1];
static char large_path[LARGE + 1];
static size_t large_size;
static const char *const texts[TEXTS] = {
    "", large, "caf\xe9", "a\r\nb", "a\nb", "a\rb", "a\n",
};
static const size_t indexes[3] = {1000, (size_t)-1 / 2, (size_t)-1};

static reggie_error *error;
static struct {
    reggie_cancel *cancel;
    reggie_client *client;
    reggie_request *request;
    reggie_response *response;
    reggie_errors *errors;
    reggie_digester *digester;
    reggie_reference *reference;
    reggie_repository *repository;
    reggie_descriptor *descriptor;
    reggie_manifest *manifest;
    reggie_json *json;
    reggie_names *names;
    reggie_blob *blob;
    reggie_batch *batch;
    reggie_location *location;
    uint8_t *bytes;
    uint64_t length;
    reggie_upload *upload;
    reggie_referrers *referrers;
    const reggie_descriptor *current;
    const char *entry;
    char *text;
    int64_t number;
    size_t got;
    int flag;
} out;

/* Makes the large texts, whose size a program is told. */
static inline void prepare(const char *size)
{
    large_size = (size_t)strtoul(size, NULL, 10);
    CHECK(large_size > 0 && large_size <= LARGE);
    memset(large, 'a', large_size);
    memset(large_path, 'a', large_size);
    large_path[0] = '/';
}

/* The library must overwrite what it is given, and neither read nor free it. */
static inline void poison(void)
{
    memset(&out, 0x5a, sizeof out);
    memset(&error, 0x5a, sizeof error);
}

static inline int is_all(const void *place, size_t size, int byte)
{
    const unsigned char *bytes = (const unsigned char *)place;

    while (size > 0 && bytes[size - 1] == byte)
        size--;
    return size == 0;
}

/* A place is zero where the call names it, and as it was where not. */
static inline void check_place(const char *file, int line, const char *call,
                               const char *name, const void *place, size_t size)
{
    if (!is_all(place, size, strstr(call, name) ? 0 : 0x5a))
        check_failed(file, line, call, name);
}

static inline void check_failure(const char *file, int line, const char *call,
                                 reggie_status wanted, reggie_status found)
{
    check_number(file, line, call, wanted, found);
    check_place(file, line, call, "&out.cancel", &out.cancel, sizeof out.cancel);
    check_place(file, line, call, "&out.client", &out.client, sizeof out.client);
    check_place(file, line, call, "&out.request", &out.request,
                sizeof out.request);
    check_place(file, line, call, "&out.response", &out.response,
                sizeof out.response);
    check_place(file, line, call, "&out.errors", &out.errors, sizeof out.errors);
    check_place(file, line, call, "&out.digester", &out.digester,
                sizeof out.digester);
    check_place(file, line, call, "&out.reference", &out.reference,
                sizeof out.reference);
    check_place(file, line, call, "&out.repository", &out.repository,
                sizeof out.repository);
    check_place(file, line, call, "&out.descriptor", &out.descriptor,
                sizeof out.descriptor);
    check_place(file, line, call, "&out.manifest", &out.manifest,
                sizeof out.manifest);
    check_place(file, line, call, "&out.json", &out.json, sizeof out.json);
    check_place(file, line, call, "&out.names", &out.names, sizeof out.names);
    check_place(file, line, call, "&out.blob", &out.blob, sizeof out.blob);
    check_place(file, line, call, "&out.batch", &out.batch, sizeof out.batch);
    check_place(file, line, call, "&out.location", &out.location,
                sizeof out.location);
    check_place(file, line, call, "&out.bytes", &out.bytes, sizeof out.bytes);
    check_place(file, line, call, "&out.length", &out.length,
                sizeof out.length);
    check_place(file, line, call, "&out.upload", &out.upload, sizeof out.upload);
    check_place(file, line, call, "&out.flag", &out.flag, sizeof out.flag);
    check_place(file, line, call, "&out.referrers", &out.referrers,
                sizeof out.referrers);
    check_place(file, line, call, "&out.current", &out.current,
                sizeof out.current);
    check_place(file, line, call, "&out.entry", &out.entry, sizeof out.entry);
    check_place(file, line, call, "&out.number", &out.number,
                sizeof out.number);
    check_place(file, line, call, "&out.text", &out.text, sizeof out.text);
    check_place(file, line, call, "&out.got", &out.got, sizeof out.got);
    if (!strstr(call, "&error")) {
        check_place(file, line, call, "&error", &error, sizeof error);
        return;
    }
    check_number(file, line, call, wanted, reggie_error_status(error));
    if (reggie_error_message(error)[0] == '\0')
        check_failed(file, line, call, "no message");
    reggie_error_free(error);
}

static inline void tell(const char *call)
{
    printf("called %s\n", call);
}

/* A call fails, and leaves nothing behind. */
#define FAILS(wanted, call) FAILS_SO(#call, wanted, call)
#define FAILS_SO(words, wanted, call)                                          \
    do {                                                                       \
        tell(words);                                                           \
        poison();                                                              \
        check_failure(__FILE__, __LINE__, words, wanted, call);                \
    } while (0)

/* A call succeeds; what it gave is in its place. */
#define WORKS(call)                                                            \
    do {                                                                       \
        tell(#call);                                                           \
        poison();                                                              \
        check_number(__FILE__, __LINE__, #call, REGGIE_OK, call);              \
        if (strstr(#call, "&error"))                                           \
            CHECK(error == NULL);                                              \
    } while (0)

/* A call with `text` gives these statuses, and refuses a NULL. */
#define TAKES(call, empty, big, utf8, crlf)                                    \
    TAKES_SO(#call, call, (void)0, REGGIE_NULL_ARGUMENT, empty, big, utf8, crlf)

/* The same, where NULL gives a status too. Each success is followed by `end`. */
#define TAKES_NULL(call, end, null, empty, big, utf8, crlf)                    \
    TAKES_SO(#call, call, end, null, empty, big, utf8, crlf)
#define TAKES_SO(words, call, end, null, empty, big, utf8, crlf)               \
    do {                                                                       \
        const reggie_status wanted_[] = {empty, big, utf8, crlf};              \
        int i_;                                                                \
        tell(words);                                                           \
        for (i_ = -1; i_ < TEXTS; i_++) {                                      \
            const char *text = i_ < 0 ? NULL : texts[i_];                      \
            reggie_status status_ =                                            \
                i_ < 0 ? (null) : wanted_[i_ < CRLF ? i_ : CRLF];              \
            poison();                                                          \
            if (status_ != REGGIE_OK) {                                        \
                check_failure(__FILE__, __LINE__, words, status_, call);       \
                continue;                                                      \
            }                                                                  \
            check_number(__FILE__, __LINE__, words, REGGIE_OK, call);          \
            end;                                                               \
        }                                                                      \
    } while (0)

/* Makes a call with each text and each index of no use. */
#define EACH(words, check)                                                     \
    do {                                                                       \
        const char *text = NULL;                                               \
        size_t index = 0;                                                      \
        int i_;                                                                \
        tell(words);                                                           \
        for (i_ = 0; i_ <= TEXTS; i_++) {                                      \
            text = i_ == TEXTS ? NULL : texts[i_];                             \
            index = indexes[i_ % 3];                                           \
            check;                                                             \
        }                                                                      \
        (void)text;                                                            \
        (void)index;                                                           \
    } while (0)

/* A getter gives NULL. */
#define GIVES_NULL(call) EACH(#call, CHECK((const void *)(call) == NULL))

/* A getter gives this number. */
#define GIVES_NUMBER(wanted, call) EACH(#call, CHECK_NUMBER(wanted, call))

/* A getter gives this text. */
#define GIVES_TEXT(wanted, call) EACH(#call, CHECK_TEXT(wanted, call))

/* A call without a result. */
#define RETURNS(call) EACH(#call, call)

#endif
