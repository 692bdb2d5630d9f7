// The number of an account, by which rooms that know no registry tell accounts apart, to share
// limits and turns among them.
#pragma once

#include <cstdint>

namespace gridloom {

// Never reused for another account.
enum class AccountId : std::int64_t {};

}  // namespace gridloom
