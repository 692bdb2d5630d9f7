#include "app/command_line/cli.h"

#ifdef GL_STATIC
#include <openssl/crypto.h>

// NOLINTNEXTLINE(bugprone-reserved-identifier): glibc's own name; no header declares it
extern "C" int __nss_configure_lookup(const char* database, const char* services);

namespace {

// Prevents a statically linked program from reading configuration meant for the system's libraries.
void stand_alone() {
  // nsswitch.conf may name modules of another glibc; loading one would end the program.
  static_cast<void>(__nss_configure_lookup("hosts", "files dns"));
  // openssl.cnf may belong to another version, or name modules as well.
  static_cast<void>(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr));
}

}  // namespace
#endif

int main(int argc, char** argv) {
#ifdef GL_STATIC
  stand_alone();
#endif
  return gridloom::app::run(argc, argv);
}
