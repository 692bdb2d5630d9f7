// Fuzzes the messages of the relay: any bytes are read or refused, and a message that is read is
// written as bytes that mean the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "node/relay_messages.h"

namespace {

namespace node = gridloom::node;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto message = node::relay_message_in(bytes);
  if (!message) return 0;
  const std::string written = node::bytes_of(*message);
  const auto again = node::relay_message_in(written);
  require(again && *again == *message);
  return 0;
}
