#include "content.h"

#include "_cgo_export.h"

/* userdata is the number of a Reader. */

int cabi_on_read(void *userdata, void *buffer, size_t size, size_t *got)
{
    return cabiRead((uintptr_t)userdata, buffer, size, got);
}

int cabi_on_rewind(void *userdata)
{
    return cabiRewind((uintptr_t)userdata);
}

int cabi_on_write(void *userdata, const void *data, size_t size)
{
    (void)userdata;
    return cabiWrite(cabi_current(), (void *)data, size);
}

static int on_progress(void *userdata, const reggie_progress *progress)
{
    (void)userdata;
    return cabiProgress(cabi_current(), (uintptr_t)progress);
}

reggie_status cabi_options_set_progress(uintptr_t id, int64_t interval)
{
    return reggie_options_set_progress_callback((reggie_options *)id, interval,
                                                on_progress, NULL, NULL);
}
