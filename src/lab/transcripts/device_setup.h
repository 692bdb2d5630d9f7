// The set-up of a virtual device in a `device` line, in the words of a home file:
// {"place":"garage","supplies":["garage","office"],"initial":{"bpSoc":20}}. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "catalog/family.h"
#include "sim/virtual_device.h"

namespace gridloom::transcripts {

// kBadParams says what is wrong, and what is valid instead. An empty text says nothing.
[[nodiscard]] Result<sim::Setup> setup_from(std::string_view text, const catalog::Family& family);

}  // namespace gridloom::transcripts
