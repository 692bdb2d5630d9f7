// Payloads made from templates whose numbers change from one message to the next, as a real
// device's do. `<0..100>` in a template becomes a whole number from 0 to 100.
//
// They are made before the run, because drawing numbers would cost more than sending them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/result.h"

namespace gridloom::bench {

// The devices of a load, and texts in which a device is filled in.
struct LoadDevice {
  std::string sn;
  std::string key;
};
// One "SN KEY" per line; the key may be missing. kIo, kBadParams.
[[nodiscard]] Result<std::vector<LoadDevice>> devices_from(const std::filesystem::path& file);

// `text` with {sn} and {key} filled in.
[[nodiscard]] std::string filled_in(std::string_view text, const LoadDevice& device);

// One text of a template. kBadParams: a `<` that does not begin a range.
[[nodiscard]] Result<std::string> render(std::string_view pattern, const Chance& chance);

// `count` texts of the templates in a file (one per line), taken in turn. kIo, kBadParams.
[[nodiscard]] Result<std::vector<std::string>> payloads_from(const std::filesystem::path& file,
                                                             std::size_t count);
// `count` JSON objects of `bytes` bytes each, with a number that changes.
[[nodiscard]] std::vector<std::string> payloads_of(std::size_t bytes, std::size_t count);

}  // namespace gridloom::bench
