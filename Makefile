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
# PREFIX, LIBDIR, INCLUDEDIR, DATADIR, DOCDIR and MANDIR, or GNU's lower-case names,
# set the directories. With DESTDIR, files are installed below another root. TARGET is
# passed to cargo, CARGOFLAGS too: make CARGOFLAGS=--offline TARGET=x86_64-unknown-linux-musl

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# Increased when programs must be linked again.
SOVERSION := 0
SONAME := libreggie.so.$(SOVERSION)

prefix ?= /usr/local
PREFIX ?= $(prefix)
LIBDIR ?= $(or $(libdir),$(PREFIX)/lib)
INCLUDEDIR ?= $(or $(includedir),$(PREFIX)/include)
DATADIR ?= $(or $(datadir),$(PREFIX)/share)
DOCDIR ?= $(or $(docdir),$(DATADIR)/doc/libreggie)
MANDIR ?= $(or $(mandir),$(DATADIR)/man)
PKGCONFIGDIR := $(LIBDIR)/pkgconfig
CMAKEDIR := $(LIBDIR)/cmake/reggie

CARGO ?= cargo
CARGOFLAGS ?=
RUSTC ?= rustc
# Passed to rustc for the library itself.
RUSTCFLAGS ?=
TARGET ?=
DOXYGEN ?= doxygen
PYTHON ?= python3
# Set to nothing, no HTML and man pages are generated and installed; set to doc,
# Doxygen and Python are required.
DOC ?= $(if $(shell command -v $(DOXYGEN)),$(if $(shell command -v $(PYTHON)),doc))
AR ?= ar
# GNU ld, or lld 19 or later: gold has no --force-group-allocation.
LD ?= ld
NM ?= nm
OBJCOPY ?= objcopy
INSTALL ?= install

# Not target/release, because cargo would rebuild everything there whenever the
# flags change.
BUILDDIR ?= target/package

# All of these would need quotes, in recipes or in the files for pkg-config and CMake.
special := ' " ` \ $$ \# % & | ; < > ( ) * ?
$(foreach name,PREFIX LIBDIR INCLUDEDIR DATADIR DOCDIR MANDIR,$(if $(strip \
	$(filter-out 1,$(words $($(name)))) $(filter-out /%,$($(name))) \
	$(foreach character,$(special),$(findstring $(character),$($(name))))),$(error \
	$(name)='$($(name))' must be an absolute path without spaces and $(special))))
$(if $(filter-out 1,$(words $(BUILDDIR))),$(error \
	BUILDDIR='$(BUILDDIR)' must be a path without spaces))

# The libraries for different targets are kept apart.
out := $(BUILDDIR)$(if $(TARGET),/$(TARGET))
# Rust's target for musl has no shared libraries.
shared := $(if $(findstring musl,$(TARGET)),,yes)
# Passed to cargo in any case, since settings of cargo may name another target.
# Not expanded before the build: `sudo make install` may have no Rust.
target = $(or $(TARGET),$(shell '$(RUSTC)' -vV | sed -n 's/^host: //p'))
compiled = $(BUILDDIR)/$(target)/release
# Compiled at once, since most of the time is link-time optimisation.
comma := ,
crate_types := $(if $(shared),cdylib$(comma))staticlib
sources := Cargo.toml Cargo.lock build.rs curves/Cargo.toml $(shell find src curves/src -name '*.rs')

.PHONY: all doc install install-shared install-doc uninstall check dist clean
.DELETE_ON_ERROR:

all: $(if $(shared),$(out)/$(SONAME)) $(out)/libreggie.a $(DOC)

# Cargo separates flags by this byte, since paths may have spaces.
separator := $(shell printf '\037')
space := $(subst x,,x x)
cargo_home := $(or $(CARGO_HOME),$(HOME)/.cargo)
# The libraries must not depend on where they were built.
remap := --remap-path-prefix=$(CURDIR)=.$(separator)--remap-path-prefix=$(cargo_home)=cargo
rustflags := $(or $(CARGO_ENCODED_RUSTFLAGS),$(subst $(space),$(separator),$(strip $(RUSTFLAGS))))
$(out)/built: export CARGO_ENCODED_RUSTFLAGS := $(if $(rustflags),$(rustflags)$(separator))$(remap)
$(out)/built: export CARGO_TARGET_DIR := $(BUILDDIR)
# Neither rustc nor `ld -r` can link objects that a C compiler has left for its
# link-time optimisation.
$(out)/built: override export CFLAGS := $(strip $(CFLAGS) -fno-lto)
$(out)/built: $(sources)
	$(CARGO) rustc --release --locked --lib $(CARGOFLAGS) --target '$(target)' \
		--crate-type $(crate_types) -- -Clink-arg=-Wl,-z,defs $(RUSTCFLAGS)
	touch '$@'

$(out)/$(SONAME): $(out)/built
	cp '$(compiled)/libreggie.so' '$@'

# Only the C functions stay global, so that a program can link other Rust
# libraries too. Bitcode, which only rustc can use, and the debug information of
# Rust's standard library are removed.
$(out)/libreggie.a: $(out)/built symbols.txt
	$(LD) -r --whole-archive --force-group-allocation \
		-o '$(out)/reggie.o' '$(compiled)/libreggie.a'
	$(OBJCOPY) --wildcard --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd \
		--keep-global-symbol='reggie_*' '$(out)/reggie.o'
	rm -f '$@'
	$(AR) rcsD '$@' '$(out)/reggie.o'
	rm '$(out)/reggie.o'
	@$(NM) -g --defined-only '$@' | sed -n 's/.* T //p' | LC_ALL=C sort >'$(out)/functions'
	@cut -d ' ' -f 1 symbols.txt | LC_ALL=C sort | diff - '$(out)/functions' || \
		{ echo '$@ does not define the functions of symbols.txt' >&2; exit 1; }

doc: $(BUILDDIR)/doc/built

$(BUILDDIR)/doc/built: Cargo.toml include/reggie.h $(wildcard docs/*.md docs/generate/*)
	rm -rf '$(@D)'
	mkdir -p '$(@D)'
	{ cat docs/generate/Doxyfile; \
		echo 'PROJECT_NUMBER = $(VERSION)'; \
		echo 'OUTPUT_DIRECTORY = "$(@D)"'; } | $(DOXYGEN) -
	$(PYTHON) docs/generate/man.py '$(@D)/xml' '$(@D)/man' '$(VERSION)'
	rm -r '$(@D)/xml'
	touch '$@'

licences := LICENSE-APACHE LICENSE-MIT packaging/THIRD-PARTY-LICENSES
examples := $(wildcard docs/programs/*)
# The fifth byte of an ELF file is 1 for 32 bits, and 2 for 64.
pointer_size = $$(($$(od -An -tu1 -j4 -N1 '$(out)/$(SONAME)') * 4))

# $(call fill,NAME,DIRECTORY): installs packaging/NAME.in with the directories and the
# version filled in.
fill = sed -e 's|@VERSION@|$(VERSION)|g' \
	-e 's|@PREFIX@|$(PREFIX)|g' \
	-e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|g' \
	-e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|g' \
	-e 's|@SONAME@|$(SONAME)|g' \
	-e 's|@SHARED@|libreggie.so.$(VERSION)|g' \
	$(if $(filter %.cmake,$1),-e "s|@POINTER_SIZE@|$(pointer_size)|g" \
	-e "s|@INCLUDE_FROM_CMAKE@|$$(realpath -m --relative-to='$(CMAKEDIR)' '$(INCLUDEDIR)')|g" \
	-e "s|@LIB_FROM_CMAKE@|$$(realpath -m --relative-to='$(CMAKEDIR)' '$(LIBDIR)')|g") \
	packaging/$1.in >'$(DESTDIR)$2/$1' && chmod 644 '$(DESTDIR)$2/$1'

install: all $(if $(shared),install-shared) $(DOC:%=install-%)
	$(INSTALL) -d '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(PKGCONFIGDIR)' '$(DESTDIR)$(DOCDIR)'
	$(INSTALL) -m 644 include/reggie.h include/reggie.cdef.h '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL) -m 644 '$(out)/libreggie.a' '$(DESTDIR)$(LIBDIR)'
	ln -sf libreggie.a '$(DESTDIR)$(LIBDIR)/libreggie-static.a'
	$(call fill,reggie-static.pc,$(PKGCONFIGDIR))
	$(INSTALL) -m 644 $(licences) CHANGELOG.md '$(DESTDIR)$(DOCDIR)'

install-shared: all
	$(INSTALL) -d '$(DESTDIR)$(PKGCONFIGDIR)' '$(DESTDIR)$(CMAKEDIR)'
	$(INSTALL) -m 755 '$(out)/$(SONAME)' '$(DESTDIR)$(LIBDIR)/libreggie.so.$(VERSION)'
	ln -sf libreggie.so.$(VERSION) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/libreggie.so'
	$(call fill,reggie.pc,$(PKGCONFIGDIR))
	$(call fill,reggie-config.cmake,$(CMAKEDIR))
	$(call fill,reggie-config-version.cmake,$(CMAKEDIR))
	@[ -n '$(DESTDIR)' ] || echo "As root, run ldconfig if programs do not find $(SONAME)."

install-doc: doc
	$(INSTALL) -d '$(DESTDIR)$(MANDIR)/man3' '$(DESTDIR)$(MANDIR)/man7' \
		'$(DESTDIR)$(DOCDIR)/examples'
	$(INSTALL) -m 644 '$(BUILDDIR)'/doc/man/man3/* '$(DESTDIR)$(MANDIR)/man3'
	$(INSTALL) -m 644 '$(BUILDDIR)'/doc/man/man7/* '$(DESTDIR)$(MANDIR)/man7'
	cp -r '$(BUILDDIR)/doc/html' '$(DESTDIR)$(DOCDIR)'
	chmod -R u=rwX,go=rX '$(DESTDIR)$(DOCDIR)/html'
	$(INSTALL) -m 644 $(examples) '$(DESTDIR)$(DOCDIR)/examples'

# What docs/generate/man.py writes: pages for functions and types, and for tasks.
man3 = reggie $(shell grep -o 'reggie_[a-z0-9_]*' include/reggie.cdef.h | sort -u)
man7 = reggie-auth $(patsubst docs/%.md,reggie-%,$(wildcard docs/*.md))

# Removed if they are empty, with empty parents below PREFIX. PREFIX itself and what
# systems have in any case, such as /usr/local/include, stay.
directories := '$(PKGCONFIGDIR)' '$(CMAKEDIR)' '$(LIBDIR)/cmake' '$(MANDIR)/man3' \
	'$(MANDIR)/man7' '$(DOCDIR)/examples' '$(DOCDIR)'
ifeq ($(filter /usr /usr/local,$(PREFIX)),)
directories += '$(INCLUDEDIR)' '$(DATADIR)/doc'
parents := -p
endif

# $(call remove,DIRECTORY,NAMES): the directory may belong to others, too.
remove = [ ! -d '$(DESTDIR)$1' ] || { cd '$(DESTDIR)$1' && rm -f $2; }

uninstall:
	$(call remove,$(INCLUDEDIR),reggie.h reggie.cdef.h)
	$(call remove,$(LIBDIR),libreggie.so.$(VERSION) $(SONAME) libreggie.so \
		libreggie.a libreggie-static.a)
	$(call remove,$(PKGCONFIGDIR),reggie.pc reggie-static.pc)
	$(call remove,$(CMAKEDIR),reggie-config.cmake reggie-config-version.cmake)
	@$(call remove,$(MANDIR)/man3,$(man3:%=%.3))
	@$(call remove,$(MANDIR)/man7,$(man7:%=%.7))
	$(call remove,$(DOCDIR)/examples,$(notdir $(examples)))
	$(call remove,$(DOCDIR),$(notdir $(licences)) CHANGELOG.md)
	rm -rf '$(DESTDIR)$(DOCDIR)/html'
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
