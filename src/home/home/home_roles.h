// The roles of the devices of a home whose history is read (overview::roles_of()): devices that
// name a household meter are asked which one it is.
#pragma once

#include <vector>

#include "base/account_id.h"
#include "home/history_device.h"
#include "hub/hub.h"
#include "hub/platform/reply_to.h"

namespace gridloom::home {

// Answers with the devices of the account, each with its role. Where no device names a meter, it
// answers at once, on the caller's thread; else on the loop. Never an error.
void find_roles(hub::Hub& hub, AccountId account, std::vector<HistoryDevice> devices,
                hub::ReplyTo<std::vector<HistoryDevice>> reply_to);

}  // namespace gridloom::home
