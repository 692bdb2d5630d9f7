// Fuzzes beats: any bytes are read or refused, and what is read is written as bytes that are read
// as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ownership/beat.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace cluster = gridloom::cluster;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto beat = cluster::beat_in(bytes);
  if (beat && cluster::beat_in(cluster::bytes_of(*beat)) != beat) std::abort();
  return 0;
}
