#include <openssl/crypto.h>

#include <cstdint>

#include "app/command_line/cli.h"

#ifdef GL_STATIC
// NOLINTNEXTLINE(bugprone-reserved-identifier): glibc's own name; no header declares it
extern "C" int __nss_configure_lookup(const char* database, const char* services);
#endif

namespace {

// A thread that waits for a distant server (bridges::mirror::Cloud) may outlive main(): what it
// uses of OpenSSL is not to be freed meanwhile.
constexpr std::uint64_t kKeptAtExit = OPENSSL_INIT_NO_ATEXIT;

#ifdef GL_STATIC
// Prevents a statically linked program from reading configuration meant for the system's libraries.
void stand_alone() {
  // nsswitch.conf may name modules of another glibc; loading one would end the program.
  static_cast<void>(__nss_configure_lookup("hosts", "files dns"));
  // openssl.cnf may belong to another version, or name modules as well.
  static_cast<void>(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | kKeptAtExit, nullptr));
}
#endif

}  // namespace

int main(int argc, char** argv) {
#ifdef GL_STATIC
  stand_alone();
#endif
  static_cast<void>(OPENSSL_init_crypto(kKeptAtExit, nullptr));
  return gridloom::app::run(argc, argv);
}
