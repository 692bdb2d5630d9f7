// Decides what publications do to the devices of one shard: reports go into twin, history and
// changes, sets and gets to AppRequests, and each message to its subscribers and into the retained
// messages.
//
// A publication is answered once: refused, or with the record of the journal that its
// acknowledgement waits for. A device's own report comes as views (report()), without a copy or a
// task, if takes_report() allows it; any other publication comes as a value (publish()).
//
// Belongs to a shard and is used on its loop only. Not here: whether the client may publish to the
// topic (Hub::Batch).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "hub/clients/client.h"
#include "hub/clients/client_events.h"
#include "hub/clients/inbound.h"
#include "hub/delivery/fanout.h"
#include "hub/delivery/retained_store.h"
#include "hub/platform/platform.h"
#include "hub/shard/app_requests.h"
#include "hub/shard/device_presence.h"
#include "hub/shard/shard_turn.h"
#include "hub/shard/twin_table.h"
#include "registry/directory.h"
#include "twin/twin.h"

namespace gridloom::hub {

// A device's reports within this time are of one moment.
inline constexpr Millis kMoment{500};

class Publications {
 public:
  // The parts of the shard that publications use; they outlive this object.
  struct Parts {
    Platform& platform;
    ShardTurn& turn;
    TwinTable& twins;
    RetainedStore& retained;
    Fanout& fanout;
    DevicePresence& presence;
    AppRequests& requests;
  };
  explicit Publications(const Parts& parts)
      : parts_(parts), reader_(parts.platform.config.report) {}

  // The directory that rights are looked up in; comes before anything else.
  void use(std::shared_ptr<const registry::Directory> directory);

  // Whether reports of the client need not go through the inbox. While the journal is behind, or
  // the account has written its allowance, publications go through it, where they hold credit.
  [[nodiscard]] bool takes_report(const Client& client) const;
  // See ShardSet::report().
  void report(const ClientPtr& client, std::string_view payload, const PublishOptions& options);
  void publish(const ClientPtr& client, const Inbound& inbound);

 private:
  // The answer to a publication, and the record that it waits for; 0: none.
  struct Answer {
    Ack ack;
    std::uint64_t record = 0;
  };

  // `take` does what a publication does, unless it is a repetition.
  template <typename Take>
  void answer(const ClientPtr& client, const PublishOptions& options, std::size_t bytes, Take take);
  void take_report(const ClientPtr& client, const InboundReport& report, Answer& answer);
  void publish_by_account(const ClientPtr& client, const Inbound& inbound, Answer& answer);
  void publish_by_device(const ClientPtr& client, const Inbound& inbound, Answer& answer);
  // Whether the client may publish for the device; if not, `answer` says so.
  [[nodiscard]] static bool speaks_for(const registry::Directory& directory, const Identity& who,
                                       const registry::Device* device, Answer& answer);
  void on_report(const ClientPtr& client, const InboundReport& report, DeviceState& state,
                 Answer& answer);
  void on_status(const ClientPtr& client, const Inbound& inbound, DeviceState& state);
  [[nodiscard]] bool retain(const Inbound& inbound, const RetainedStore::Publisher& by,
                            Answer& answer);
  void report_refusal(const Client& client, ClientEvent::Kind kind, std::string_view reason,
                      std::string_view why);

  Parts parts_;
  std::shared_ptr<const registry::Directory> directory_;
  twin::ReportReader reader_;
  std::vector<twin::AcceptedValue> taken_;  // buffer: the values of a report
};

}  // namespace gridloom::hub
