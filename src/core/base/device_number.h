// The number of a device, by which records and rows name it in place of its serial number.
#pragma once

#include <cstdint>

namespace gridloom {

// Same as registry::Device::number: a device that is removed and added again gets a new number.
using DeviceNumber = std::int64_t;

}  // namespace gridloom
