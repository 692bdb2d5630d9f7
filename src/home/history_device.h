// A device whose history is read. It needs no registry, so any thread may use it.
#pragma once

#include <string>

#include "base/device_number.h"
#include "catalog/family.h"

namespace gridloom::home {

struct HistoryDevice {
  std::string sn;
  DeviceNumber number = 0;
  catalog::FamilyPtr family;
};

}  // namespace gridloom::home
