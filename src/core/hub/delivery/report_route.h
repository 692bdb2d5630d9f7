// Where the reports of one device go: the subscribers that Fanout and Router find for the device's
// quota topic. A device reports every few seconds and its subscribers seldom change, so the result
// is kept with the device until subscriptions or rights change.
//
// Belongs to a shard and is used on its loop only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/shared_text.h"
#include "hub/clients/client.h"
#include "hub/clients/subscription_table.h"
#include "registry/directory.h"

namespace gridloom::hub {

// The subscribers of one topic that a report is forwarded to.
struct ReportTarget {
  SharedText topic;
  SubscriptionTable::Match match;  // not empty
  registry::AccountId account{};   // whose apps they are; of ReportRoute::accounts only
};

struct ReportRoute {
  // The versions that it was found with; later ones make it invalid.
  std::uint64_t subscriptions = 0;       // SubscriptionTable::version()
  std::uint64_t directories = 0;         // those that Fanout has used
  std::vector<ReportTarget> device{};    // the device's own connections, and its owner's gateways
  std::vector<ReportTarget> accounts{};  // the owner, and those that the device is shared with
};

// A report on its way to subscribers: not retained, and without properties.
class OutgoingReport {
 public:
  // The views and the pointer are valid for the life of this object.
  OutgoingReport(std::string_view payload, wire::mqtt::Qos qos, const Client& from)
      : payload_(payload), qos_(qos), from_(&from) {}

  // The payload as all receivers share it; copied by the first call.
  [[nodiscard]] const SharedText& text() {
    if (text_.empty()) text_ = payload_;
    return text_;
  }
  [[nodiscard]] wire::mqtt::Qos qos() const { return qos_; }
  [[nodiscard]] const Client* from() const { return from_; }

 private:
  std::string_view payload_;
  SharedText text_;
  wire::mqtt::Qos qos_;
  const Client* from_;
};

}  // namespace gridloom::hub
