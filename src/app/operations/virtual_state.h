// DIR/virtual/SN.json: what a virtual device keeps and no report of it shows
// (sim::LastState::unreported). A line with the SHA-256 of the JSON text, and the text.
//
// Thread rule: any function from any thread; one writer per device.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace gridloom::operations {

inline constexpr std::string_view kVirtualStates = "virtual";  // the folder in DIR

// kNotFound: there is no file. kMalformed: it is damaged.
[[nodiscard]] Result<wire::JsonObject> read_virtual_state(const std::filesystem::path& file);

// By data folder and serial number, which must be a valid one.
[[nodiscard]] std::filesystem::path virtual_state_path(const std::filesystem::path& data,
                                                       std::string_view sn);

// Durable on return.
[[nodiscard]] Status write_virtual_state(const std::filesystem::path& data, std::string_view sn,
                                         const wire::JsonObject& unreported);

}  // namespace gridloom::operations
