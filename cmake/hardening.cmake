# Compiler and linker options that make a memory error harder to exploit. They are for release builds: sanitizers, which
# the other builds have, find the same errors and more. tests/package/hardening_test.py reads most of them off the built
# program.
option(GL_HARDEN "harden release builds; OFF only to measure what that costs" ON)

set(GL_HARDENING
  -fPIE                            # the program is loaded at a random address
  -fstack-protector-strong         # an overrun of an array on the stack is noticed before the function returns
  -fstack-clash-protection         # the stack cannot grow over the page that guards it
  -ftrivial-auto-var-init=zero     # a local variable never shows what the stack held before
  -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3  # memcpy and the like check sizes where they are known; needs an optimizer
  -D_GLIBCXX_ASSERTIONS)           # an index out of range ends the program, instead of reading elsewhere
# Jumps through pointers land at functions only, on processors that check that. Debian 12's C library has no mark that it
# is fit for it, so a program that is linked with it is not checked yet.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  list(APPEND GL_HARDENING -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  list(APPEND GL_HARDENING -mbranch-protection=standard)
endif()

if(GL_HARDEN AND NOT GL_SANITIZE)
  add_compile_options("$<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:${GL_HARDENING}>")
  # All addresses of functions in libraries are looked up at the start and are read-only from then on.
  add_link_options("$<$<CONFIG:Release>:LINKER:-z,relro,-z,now,-z,noexecstack>")
endif()
