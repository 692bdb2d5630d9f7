// A device whose history is read. It needs no registry, so any thread may use it.
#pragma once

#include <optional>
#include <string>

#include "base/device_number.h"
#include "catalog/family.h"
#include "overview/home_picture.h"

namespace gridloom::home {

struct HistoryDevice {
  std::string sn;
  DeviceNumber number = 0;
  catalog::FamilyPtr family;
  std::optional<overview::Role> role{};  // in its home; nothing: that of its family
};

}  // namespace gridloom::home
