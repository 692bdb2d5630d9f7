// Finds the main unit of a system of devices (catalog::UnitSystem), by what the account's devices
// have reported.
#pragma once

#include <string>

#include "hub/hub.h"
#include "hub/platform/pending_replies.h"

namespace gridloom::api {

// Answers the serial number of the main unit of the system that the device `sn` belongs to; `sn`
// itself where it belongs to none, or where no unit that the account may read says that it is the
// main one. The account may read `sn`.
void find_main_unit(hub::Hub& hub, registry::AccountId account, const std::string& sn,
                    hub::ReplyTo<std::string> reply_to);

}  // namespace gridloom::api
