// All verbs of topics, for tests.
#pragma once

#include <array>
#include <cstddef>

#include "wire/topics.h"

namespace gridloom::wire {

inline constexpr std::array kAllVerbs = {Verb::kQuota, Verb::kSet,      Verb::kSetReply,
                                         Verb::kGet,   Verb::kGetReply, Verb::kStatus};
static_assert(kAllVerbs.size() == static_cast<std::size_t>(Verb::kStatus) + 1);

}  // namespace gridloom::wire
