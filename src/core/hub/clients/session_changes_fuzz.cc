// Fuzzes the session changes of the log: any bytes are read or refused, and the changes that are
// read are written as bytes that mean the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "hub/clients/session_changes.h"

namespace {

namespace hub = gridloom::hub;

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::string> changes_in(std::string_view bytes) {
  std::vector<std::string> changes;
  static_cast<void>(hub::each_change(bytes, [&](const hub::SessionChange& change) {
    hub::append_change(changes.emplace_back(), change);
  }));
  return changes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string written;
  const std::vector<std::string> changes = changes_in(bytes);
  for (const std::string& change : changes) written += change;
  require(changes_in(written) == changes);
  return 0;
}
