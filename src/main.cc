#include <openssl/crypto.h>

#include <cstdint>

#include "app/command_line/cli.h"

#ifdef GL_STATIC
// NOLINTNEXTLINE(bugprone-reserved-identifier): glibc's own name; no header declares it
extern "C" int __nss_configure_lookup(const char* database, const char* services);
#endif

int main(int argc, char** argv) {
  // A thread that waits for a distant server (bridges::mirror::Cloud) may outlive main(): what it
  // uses of OpenSSL is not to be freed meanwhile.
  std::uint64_t openssl = OPENSSL_INIT_NO_ATEXIT;
#ifdef GL_STATIC
  // The program stands alone: configuration of the system's libraries is not for those in it.
  // nsswitch.conf may name modules of another glibc; loading one would end the program.
  static_cast<void>(__nss_configure_lookup("hosts", "files dns"));
  // openssl.cnf may belong to another version, or name modules as well.
  openssl |= OPENSSL_INIT_NO_LOAD_CONFIG;
#endif
  static_cast<void>(OPENSSL_init_crypto(openssl, nullptr));
  return gridloom::app::run(argc, argv);
}
