// The factors on the rate of uses that give the sum of many homes the shape of the published
// standard load profile. Made by bench/household_fit.cc.
#pragma once

#include "sim/household/standard_profile.h"

namespace gridloom::sim::household {

[[nodiscard]] const Cells& calibration();

}  // namespace gridloom::sim::household
