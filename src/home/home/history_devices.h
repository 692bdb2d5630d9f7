// The devices of a home whose history is read, and their roles.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "catalog/family.h"
#include "hub/hub.h"
#include "hub/platform/pending_replies.h"
#include "overview/home_picture.h"

namespace gridloom::home {

// A device whose history is read. It needs no registry, so any thread may use it.
struct HistoryDevice {
  std::string sn;
  DeviceNumber number = 0;
  catalog::FamilyPtr family;
  std::optional<overview::Role> role{};  // in its home; nothing: that of its family
};

// Answers with the devices of the account, each with its role (overview::roles_of()): devices that
// name a household meter are asked which one it is. Where no device names a meter, it
// answers at once, on the caller's thread; else on the loop. Never an error.
void find_roles(hub::Hub& hub, AccountId account, std::vector<HistoryDevice> devices,
                hub::ReplyTo<std::vector<HistoryDevice>> reply_to);

}  // namespace gridloom::home
