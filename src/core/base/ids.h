// The numbers by which rooms that know no registry tell accounts and devices apart.
#pragma once

#include <cstdint>

namespace gridloom {

// The number of a device, by which records and rows name it in place of its serial number.
// Same as registry::Device::number: a device that is removed and added again gets a new number.
using DeviceNumber = std::int64_t;

// Never reused for another account.
enum class AccountId : std::int64_t {};

}  // namespace gridloom
