# Builds and installs libreggie. It needs cargo, a C compiler and GNU binutils.
#
#     make              build the libraries
#     make doc          generate HTML and man pages, with Doxygen and Python 3
#     make install      install the libraries, the headers, the files by which
#                       pkg-config and CMake find them, the licences, and HTML and
#                       man pages if Doxygen and Python 3 are installed
#     make uninstall    remove what `make install` has installed
#     make check        run all tests
#     make dist         pack the sources and all crates, to build without network
#     make clean        remove what was built
#
# PREFIX, LIBDIR, INCLUDEDIR, DATADIR, DOCDIR and MANDIR set the directories. With DESTDIR,
# files are installed below another root. TARGET is passed to cargo, CARGOFLAGS
# too: make CARGOFLAGS=--offline TARGET=x86_64-unknown-linux-musl

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# Increased when programs must be linked again.
SOVERSION := 0
SONAME := libreggie.so.$(SOVERSION)

prefix ?= /usr/local
PREFIX ?= $(prefix)
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
DOCDIR ?= $(DATADIR)/doc/libreggie
MANDIR ?= $(DATADIR)/man
PKGCONFIGDIR := $(LIBDIR)/pkgconfig
CMAKEDIR := $(LIBDIR)/cmake/reggie
# Has only the archive, so that -lreggie finds no shared library there.
STATICDIR := $(LIBDIR)/reggie-static

CARGO ?= cargo
CARGOFLAGS ?=
# Passed to rustc for the library itself.
RUSTCFLAGS ?=
TARGET ?=
DOXYGEN ?= doxygen
PYTHON ?= python3
# Set to nothing, no HTML and man pages are generated and installed; set to doc,
# Doxygen and Python are required.
DOC ?= $(if $(shell command -v $(DOXYGEN)),$(if $(shell command -v $(PYTHON)),doc))
AR ?= ar
LD ?= ld
OBJCOPY ?= objcopy
INSTALL ?= install

# Not target/release, because cargo would rebuild everything there whenever the
# flags change.
BUILDDIR ?= target/package
compiled := $(BUILDDIR)/$(if $(TARGET),$(TARGET)/)release
# Compiled at once, since most of the time is link-time optimisation. There are no
# shared libraries in Rust's target for musl.
comma := ,
crate_types := $(if $(findstring musl,$(TARGET)),,cdylib$(comma))staticlib
cargo_home := $(or $(CARGO_HOME),$(HOME)/.cargo)
# The libraries must not depend on where they were built.
remap := --remap-path-prefix=$(CURDIR)=. --remap-path-prefix=$(cargo_home)=cargo
build = CARGO_TARGET_DIR='$(BUILDDIR)' RUSTFLAGS='$(strip $(RUSTFLAGS) $(remap))' \
	$(CARGO) rustc --release --locked --lib $(CARGOFLAGS) \
	$(if $(TARGET),--target '$(TARGET)') --crate-type $(crate_types) -- $(RUSTCFLAGS)
sources := Cargo.toml Cargo.lock build.rs curves/Cargo.toml $(shell find src curves/src -name '*.rs')

.PHONY: all doc install install-doc uninstall check dist clean
.DELETE_ON_ERROR:

all: $(BUILDDIR)/$(SONAME) $(BUILDDIR)/libreggie.a $(DOC)

$(compiled)/built: $(sources)
	$(build)
	touch '$@'

$(BUILDDIR)/$(SONAME): $(compiled)/built
	cp '$(compiled)/libreggie.so' '$@'

# Only the C functions stay global, so that a program can link other Rust
# libraries too. Bitcode, which only rustc can use, and the debug information of
# Rust's standard library are removed.
$(BUILDDIR)/libreggie.a: $(compiled)/built
	$(LD) -r --whole-archive --force-group-allocation \
		-o '$(BUILDDIR)/reggie.o' '$(compiled)/libreggie.a'
	$(OBJCOPY) --wildcard --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd \
		--keep-global-symbol='reggie_*' '$(BUILDDIR)/reggie.o'
	rm -f '$@'
	$(AR) rcsD '$@' '$(BUILDDIR)/reggie.o'
	rm '$(BUILDDIR)/reggie.o'

doc: $(BUILDDIR)/doc/built

# A warning of Doxygen is an error.
$(BUILDDIR)/doc/built: Cargo.toml include/reggie.h $(wildcard docs/*.md docs/generate/*)
	rm -rf '$(@D)'
	mkdir -p '$(@D)'
	{ cat docs/generate/Doxyfile; \
		echo 'PROJECT_NUMBER = $(VERSION)'; \
		echo 'OUTPUT_DIRECTORY = "$(@D)"'; } | $(DOXYGEN) -
	$(PYTHON) docs/generate/man.py '$(@D)/xml' '$(@D)/man' '$(VERSION)'
	rm -r '$(@D)/xml'
	touch '$@'

# Writes a file in packaging/ with the directories and the version filled in.
fill = sed -e 's|@VERSION@|$(VERSION)|g' \
	-e 's|@PREFIX@|$(PREFIX)|g' \
	-e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|g' \
	-e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|g' \
	-e 's|@SONAME@|$(SONAME)|g' \
	-e 's|@SHARED@|libreggie.so.$(VERSION)|g' \
	-e "s|@INCLUDE_FROM_CMAKE@|$$(realpath -m --relative-to='$(CMAKEDIR)' '$(INCLUDEDIR)')|g" \
	-e "s|@LIB_FROM_CMAKE@|$$(realpath -m --relative-to='$(CMAKEDIR)' '$(LIBDIR)')|g"

install: all $(DOC:%=install-%)
	$(INSTALL) -d '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(PKGCONFIGDIR)' \
		'$(DESTDIR)$(CMAKEDIR)' '$(DESTDIR)$(STATICDIR)' '$(DESTDIR)$(DOCDIR)'
	$(INSTALL) -m 644 include/reggie.h include/reggie.cdef.h '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL) -m 755 '$(BUILDDIR)/$(SONAME)' '$(DESTDIR)$(LIBDIR)/libreggie.so.$(VERSION)'
	ln -sf libreggie.so.$(VERSION) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/libreggie.so'
	$(INSTALL) -m 644 '$(BUILDDIR)/libreggie.a' '$(DESTDIR)$(LIBDIR)'
	ln -sf ../libreggie.a '$(DESTDIR)$(STATICDIR)/libreggie.a'
	for file in reggie.pc reggie-static.pc; do \
		$(fill) packaging/$$file.in >'$(DESTDIR)$(PKGCONFIGDIR)'/$$file || exit 1; \
	done
	for file in reggie-config.cmake reggie-config-version.cmake; do \
		$(fill) packaging/$$file.in >'$(DESTDIR)$(CMAKEDIR)'/$$file || exit 1; \
	done
	$(INSTALL) -m 644 LICENSE-APACHE LICENSE-MIT packaging/THIRD-PARTY-LICENSES CHANGELOG.md \
		'$(DESTDIR)$(DOCDIR)'
	@[ -n '$(DESTDIR)' ] || echo "As root, run ldconfig if programs do not find $(SONAME)."

install-doc: doc
	$(INSTALL) -d '$(DESTDIR)$(MANDIR)/man3' '$(DESTDIR)$(MANDIR)/man7' \
		'$(DESTDIR)$(DOCDIR)/examples'
	$(INSTALL) -m 644 '$(BUILDDIR)'/doc/man/man3/* '$(DESTDIR)$(MANDIR)/man3'
	$(INSTALL) -m 644 '$(BUILDDIR)'/doc/man/man7/* '$(DESTDIR)$(MANDIR)/man7'
	cp -r '$(BUILDDIR)/doc/html' '$(DESTDIR)$(DOCDIR)'
	$(INSTALL) -m 644 docs/programs/* '$(DESTDIR)$(DOCDIR)/examples'

# Removed if they are empty, with empty parents below PREFIX. PREFIX itself and what
# systems have in any case, such as /usr/local/include, stay.
directories := '$(PKGCONFIGDIR)' '$(LIBDIR)/cmake' '$(MANDIR)/man3' '$(MANDIR)/man7'
ifeq ($(filter /usr /usr/local,$(PREFIX)),)
directories += '$(INCLUDEDIR)' '$(DATADIR)/doc'
parents := -p
endif

uninstall:
	rm -f '$(DESTDIR)$(INCLUDEDIR)/reggie.h' '$(DESTDIR)$(INCLUDEDIR)/reggie.cdef.h' \
		'$(DESTDIR)$(MANDIR)'/man3/reggie.3 '$(DESTDIR)$(MANDIR)'/man3/reggie_*.3 \
		'$(DESTDIR)$(MANDIR)'/man7/reggie-*.7 \
		'$(DESTDIR)$(LIBDIR)/libreggie.so.$(VERSION)' \
		'$(DESTDIR)$(LIBDIR)/$(SONAME)' '$(DESTDIR)$(LIBDIR)/libreggie.so' \
		'$(DESTDIR)$(LIBDIR)/libreggie.a' \
		'$(DESTDIR)$(PKGCONFIGDIR)/reggie.pc' \
		'$(DESTDIR)$(PKGCONFIGDIR)/reggie-static.pc'
	rm -rf '$(DESTDIR)$(STATICDIR)' '$(DESTDIR)$(CMAKEDIR)' '$(DESTDIR)$(DOCDIR)'
	prefix='$(PREFIX)'; for directory in $(directories); do \
		[ -d '$(DESTDIR)'"$$directory" ] || continue; \
		case $$directory in \
		"$$prefix"/*) (cd '$(DESTDIR)$(PREFIX)' && rmdir $(parents) \
			--ignore-fail-on-non-empty "$${directory#"$$prefix"/}");; \
		*) rmdir --ignore-fail-on-non-empty '$(DESTDIR)'"$$directory";; \
		esac || exit 1; \
	done

check:
	$(CARGO) test --workspace --locked $(CARGOFLAGS)

# The archive has the crates of the library in vendor/, and tells cargo so.
dist:
	packaging/dist '$(VERSION)' '$(BUILDDIR)'

clean:
	rm -rf '$(BUILDDIR)'
