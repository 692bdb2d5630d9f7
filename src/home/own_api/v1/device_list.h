// Answers with the devices of an account as GET /api/v1/devices lists them. Runs on the loop of the
// request.
#pragma once

#include "api/message/answer_form.h"
#include "api/message/device_rows.h"
#include "base/result.h"
#include "base/string_map.h"
#include "http/message.h"
#include "hub/hub.h"
#include "overview/freshness.h"
#include "own_api/v1/device_choice.h"
#include "registry/directory.h"

namespace gridloom::api {

// The devices that a list is made from.
struct DeviceList {
  hub::Hub& hub;
  DeviceRows& rows;
  registry::AccountId account{};
};

// `states` are needed where the choice has some.
void list_devices(const DeviceList& list, const DeviceChoice& choice,
                  const StringMap<overview::Freshness>* states, const AnswerForm& form,
                  Callback<http::Response> done);

}  // namespace gridloom::api
