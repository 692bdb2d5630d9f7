// A shard is the one writer of the twins whose serial numbers hash to it, and the place where their
// messages are routed: reports to subscribers, sets to devices, replies to whoever asked.
//
// A shard belongs to one loop and is called only there; Hub posts. It has no sockets, threads or
// timers: time comes in by tick(), messages leave through Client.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/byte_budget.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/seldom.h"
#include "base/string_map.h"
#include "history/batch.h"
#include "hub/client.h"
#include "hub/ear.h"
#include "hub/platform.h"
#include "hub/session_changes.h"
#include "hub/subscription_table.h"
#include "twin/twin.h"
#include "wire/json.h"

namespace gridloom::hub {

using wire::mqtt::Message;
using wire::mqtt::Qos;

// How a message was published.
struct How {
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  bool resent = false;  // perhaps not for the first time (DUP)
  // Of QoS 1 and 2, where the client's stream is known by (hub/session_changes.h).
  struct Identity {
    std::int64_t stream = 0;  // 0: none
    Receipt receipt{};
    std::uint32_t settled = 0;
    bool repeated = false;  // it was taken before: all that is left is to acknowledge it
  };
  Identity identity{};
  wire::mqtt::AckToken token{};
};

// A message that a client published, its topic already found to be one of ours.
struct Inbound {
  std::string sn;
  Verb verb{};
  wire::mqtt::MessagePtr message;
  How how;
};

// Who waits for an answer: `done` is called on `loop`.
template <typename T>
struct Asker {
  Loop* loop = nullptr;
  Done<Result<T>> done;
};

// A twin beyond the server's life.
struct SavedTwin {
  std::string sn;
  std::int64_t number = 0;                  // registry::Device::number
  std::string text;                         // Twin::save(); empty: none was saved
  std::vector<history::LastValue> newer{};  // reported since then
};

using QuotaBody = std::shared_ptr<const std::string>;

class Shard {
 public:
  // A task for this shard, from any thread.
  using Post = std::function<void(std::move_only_function<void(Shard&)>)>;
  // `mine` tells the serial numbers that hash here from the others.
  Shard(Platform& platform, std::function<bool(std::string_view)> mine, Post post);

  // Of clients.
  // From enter() to leave() a client whose credentials end is kicked.
  void enter(const ClientPtr& client);
  void leave(const Client& client);
  void device_connected(const ClientPtr& client, const std::string& sn);
  // Its connection ended: what it carried is offline. Its subscriptions stay.
  void disconnected(const Client& client);
  // Its session ended. False: it has more subscriptions than are removed at once; call it again.
  [[nodiscard]] bool ended(const Client& client);
  // Messages that `from`, which has ended, got as a member of groups and did not take; appended to
  // the log at once. hub/hub.h says the rest.
  void hand_on(const Client& from, std::int64_t kept_as, const std::vector<Delivery>& deliveries);
  // `fresh` has the subscriptions of `old` from now on.
  void rebind(const Client& old, const ClientPtr& fresh);
  void subscribe(const ClientPtr& client, const Subscription& subscription);
  void unsubscribe(const Client& client, const std::string& filter);
  void publish(const ClientPtr& client, const Inbound& inbound);
  // What publish() was given of this client, in bytes: it may go on once the journal keeps up.
  void looked_at(const ClientPtr& client, std::size_t bytes);
  void restore_retained(const RetainedChange& retained);
  // Those that changed since they were saved last.
  [[nodiscard]] std::vector<SavedTwin> save_twins();
  // Nothing happens if the device is another one by now.
  void restore_twin(const SavedTwin& saved);
  // Takes the new rights over and ends what they no longer allow (shard_revocation.cc).
  void registry_changed();

  // The platform's misdeeds are others than before.
  void misdeeds_changed();

  // The ear hears first what is known of those of the devices that are this shard's.
  void listen(const Listening& listening);
  void unlisten(const Ear& ear);

  // Of apps, over HTTP. kNoPermission for a device that is not the account's, or is unknown.
  void read_all(registry::AccountId account, const std::string& sn, Asker<QuotaBody> asker);
  void read(registry::AccountId account, const std::string& sn,
            const std::vector<std::string>& quotas, Asker<std::string> asker);
  // The device's reply as JSON text; kBadParams, kOffline.
  void set(registry::AccountId account, const std::string& sn, wire::JsonObject message,
           Asker<std::string> asker);

  // Deliveries that flush() handed to loops which have not come round to them: with so many more
  // are not made.
  static constexpr std::size_t kMostUndelivered = 4096;
  [[nodiscard]] bool is_ahead_of_loops() const { return undelivered_->load() >= kMostUndelivered; }

  // What it has done for accounts so far, in the units of Inbox.
  [[nodiscard]] std::int64_t effort() const { return effort_; }

  void tick(TimePoint now);  // times out sets, ends what the registry ended
  // Hands out what the calls since the last flush() made for clients.
  void flush();
  [[nodiscard]] bool has_output() const {
    return !outs_.empty() || has_records() || !heard_.empty();
  }

 private:
  struct HttpAsker {
    Asker<std::string> asker;
    std::uint64_t request = 0;  // Heard::request
  };
  struct MqttAsker {
    std::string account;  // certificate account
    wire::JsonObject request;
    wire::mqtt::MessagePtr message;  // as it came
  };
  struct Pending {
    std::string id;       // as it went to the device, as text
    wire::Json asked_id;  // as it came
    std::variant<HttpAsker, MqttAsker> asker;
    registry::AccountId account{};
    std::string who{};         // its name
    bool lost = false;         // its reply is
    std::uint64_t serial = 0;  // of all that this shard ever had waiting
    std::uint64_t record = 0;  // of the journal; the answer waits for it
    bool outcome_recorded = false;
  };
  struct Retained {
    wire::mqtt::MessagePtr message;
    Qos qos = Qos::kAtMostOnce;
    TakenBytes bytes{};
  };
  using RetainedByTopic = std::map<std::string, Retained>;
  // Of all devices of a family.
  struct Kind {
    twin::LayoutPtr layout;
    std::vector<history::NameRef> refs;  // by the layout's names
  };
  // Of a device that misdeeds concern.
  struct Mistold {
    std::optional<twin::Twin> frozen;                   // as it was when that began
    std::set<registry::AccountId> hidden_from;          // who was told that it is offline
    std::map<registry::AccountId, TimePoint> asked_at;  // quota/all
  };
  struct DeviceState {
    DeviceState(std::int64_t registered, Kind& of, const twin::TwinLimits& limits)
        : number(registered), kind(of), twin(of.layout, limits) {}
    std::int64_t
        number;  // registry::Device::number: one that was removed and added again is another
    Kind& kind;
    twin::Twin twin;
    std::uint64_t saved_version = 0;
    std::unordered_set<const Client*> carriers;  // connections that speak for it
    const Client* speaker = nullptr;             // the one of them that did last
    const registry::Device* device = nullptr;    // as of directory number `known_as_of`
    std::uint64_t known_as_of = 0;
    bool away = false;  // said so itself, by a status message
    std::vector<Pending> pending;
    RetainedByTopic retained;  // what it published so
    std::unique_ptr<Mistold> mistold;
  };
  // A message on its way to subscribers.
  struct Routed {
    const Message& like;  // everything but the topic
    Qos qos = Qos::kAtMostOnce;
    bool retain = false;           // as published
    const Client* from = nullptr;  // who published it; null: the platform
  };
  struct Deadline {
    TimePoint at;
    std::string sn;
    std::uint64_t serial = 0;
  };
  // What waits for a record of the journal.
  struct HeldAck {
    std::uint64_t record = 0;
    ClientPtr client;
    Ack ack;
  };
  struct HeldLook {
    ClientPtr client;
    std::size_t bytes = 0;
  };
  struct HeldAnswer {
    std::string sn;
    Pending pending;
    Result<Message> reply;
  };
  static constexpr std::int64_t kEffort = 4;
  static constexpr std::size_t kRemovedAtOnce = 32;
  static constexpr std::size_t kBytesOfEffort = 256;
  struct Answer {
    Ack ack;
    std::uint64_t record = 0;  // 0: waits for none
  };
  struct Out {
    ClientPtr client;
    std::vector<Delivery> deliveries;
    std::vector<Ack> acks;
    std::uint64_t route = 0;   // the last route() that reached it by a subscription of its own,
    std::size_t delivery = 0;  // and by which delivery
  };

  // Adds the effort of a call with so many bytes; its deliveries are counted as they are made.
  void count_effort(std::size_t bytes) {
    effort_ += kEffort + static_cast<std::int64_t>(bytes / kBytesOfEffort);
  }
  // Makes the state of a device that is new here, or new in the registry under an old serial
  // number.
  DeviceState& state_of(std::string_view sn);
  DeviceState& state_of(std::string_view sn, const registry::Device* device);
  // The state of a device of the registry, if there is any yet.
  [[nodiscard]] DeviceState* find_state(std::string_view sn);
  [[nodiscard]] DeviceState* find_state(std::string_view sn, const registry::Device* device);
  // Both, for a message's way: a device that has published since the registry changed costs one
  // look-up.
  struct Known {
    const registry::Device* device = nullptr;
    DeviceState* state = nullptr;
  };
  [[nodiscard]] Known known(std::string_view sn);
  void tell_refusal(const ClientPtr& client, ClientEvent::Kind kind, std::string_view reason,
                    std::string_view why);
  void take(const ClientPtr& client, const Inbound& inbound, Answer& answer);
  void publish_by_account(const ClientPtr& client, const Inbound& inbound, Answer& answer);
  void publish_by_device(const ClientPtr& client, const Inbound& inbound, Answer& answer);

  void carry(const ClientPtr& client, const std::string& sn, DeviceState& state);
  void on_report(const ClientPtr& client, const Inbound& inbound, DeviceState& state,
                 Answer& answer);
  void on_reply(const Inbound& inbound, DeviceState& state);
  void on_status(const ClientPtr& client, const Inbound& inbound, DeviceState& state);
  void on_account_set(const ClientPtr& client, const Inbound& inbound, Answer& answer);
  void on_account_get(const ClientPtr& client, const Inbound& inbound);

  // The journal, where there is one.
  void record_report(DeviceState& state, TimePoint now, const How& how);
  void record_presence(DeviceState& state, bool online);
  [[nodiscard]] std::optional<TimePoint> reported_at(TimePoint now) const;
  std::uint64_t append(history::RecordKind kind, std::string payload);
  // Its record; it is written behind what this turn has done by its end.
  std::uint64_t append_audit(wire::JsonObject entry);
  // What became of a set; refused ones are bounded as refused sign-ins are.
  void record_outcome(const std::string& sn, const Pending& pending, const Result<Message>& reply);
  void record_refused_set(std::string_view who, std::string_view through, const std::string& sn,
                          const Fault& why);
  [[nodiscard]] std::string name_of(registry::AccountId account) const;
  void append_turn();
  [[nodiscard]] bool has_turn() const { return !batch_.empty() || !session_changes_.empty(); }
  [[nodiscard]] bool has_records() const { return has_turn() || !audit_.empty(); }
  // Of the record that holds everything so far.
  [[nodiscard]] std::uint64_t last_record() const;
  void durable(std::uint64_t record);
  void release_looks();
  void release_writers();

  [[nodiscard]] std::string guests_are_too_many(const std::string& sn, const DeviceState& state,
                                                registry::AccountId account) const;
  // The record of the set, or why there is none.
  Result<std::uint64_t> start_set(const std::string& sn, wire::JsonObject message, Pending pending);
  void answer_asker(const std::string& sn, Pending pending, Result<Message> reply);
  void finish(const std::string& sn, Pending pending, Result<Message> reply);
  void refuse_mqtt(const MqttAsker& asker, const std::string& sn, Verb verb, std::string_view code,
                   std::string_view message);

  // Misdeeds (shard_misdeeds.cc).
  [[nodiscard]] std::optional<double> misdoes(Misdeed misdeed, registry::AccountId account,
                                              std::string_view sn) const;
  [[nodiscard]] bool seen_online(registry::AccountId account, std::string_view sn) const;
  [[nodiscard]] twin::Twin& told_twin(registry::AccountId account, const std::string& sn,
                                      DeviceState& state);
  [[nodiscard]] bool pushes(registry::AccountId account, std::string_view sn, Verb verb);
  void tell_who_is_hidden(const std::string& sn, DeviceState& state);
  void misdo(TimePoint now);

  // Ears (shard_listening.cc).
  [[nodiscard]] bool is_heard(std::string_view sn) const;
  // Of a device that is heard; of the moment.
  void tell(Heard heard);
  void tell_answer(const std::string& sn, std::uint64_t request, const Result<std::string>& data);
  void hand_to_ears();
  // Messages to one account's apps that are not just passed on.
  void answer_app(const std::string& account, const std::string& sn, Verb verb,
                  const Routed& message);

  void drop_what_ended();
  void drop_devices();
  void refuse_pending_of_others(const registry::Device& device, DeviceState& state);
  void drop_retained_by_accounts();
  void drop_carrier(const Client& client, const std::string& sn);
  void set_online(const std::string& sn, bool online);
  [[nodiscard]] std::string status_text(bool online) const;

  // What new subscribers get: a device's status from the registry and presence, the rest from what
  // was published to be retained.
  void send_retained(const ClientPtr& client, const Subscription& subscription);
  void offer_retained(const ClientPtr& client, const Subscription& subscription,
                      const std::string& topic, const Retained& retained);
  void offer_of_device(const ClientPtr& client, const Subscription& subscription,
                       const std::string& sn);
  // Does nothing unless it is to be retained. `account` pays for it; `device`: the number of the
  // device that published it, or 0. False: there is no room for it.
  [[nodiscard]] bool retain(const Inbound& inbound, RetainedByTopic& among,
                            registry::AccountId account, std::int64_t device);
  [[nodiscard]] TakenBytes room_of(registry::AccountId account);
  void forget_retained(const RetainedByTopic& retained);
  // What is retained at a topic, for the disk. Null: nothing any more.
  void keep_retained(const std::string& topic, const Retained* retained, std::int64_t device);

  [[nodiscard]] static Message plain(std::string payload);
  // What goes out has the topic of who gets it, and everything else of `like`.
  // To the subscribers of the owner and of everyone the device is shared with:
  void to_accounts(const std::string& sn, Verb verb, const Routed& message);
  void to_accounts(const registry::Device& device, Verb verb, const Routed& message);
  void to_account(std::string_view account, const std::string& sn, Verb verb,
                  const Routed& message);
  // To the device's own connections and its owner's gateways:
  void to_device(const std::string& sn, Verb verb, const Routed& message);
  void to_device(const registry::Device& device, Verb verb, const Routed& message);
  void route(const SubscriptionTable::Scope& scope, const std::string& topic,
             const Routed& message);
  Out& out_for(const ClientPtr& client);
  void deliver(const ClientPtr& client, Delivery delivery);
  // If its session outlives the connection, the message is to be as safe as what caused it.
  // `packet`: made by the first that needs it, and shared by those of one message.
  void keep(const Client& client, Delivery& delivery, std::string& packet);

  template <typename T>
  static void answer(Asker<T> asker, Result<T> result);
  [[nodiscard]] Result<const registry::Device*> permitted(registry::AccountId account,
                                                          std::string_view sn,
                                                          registry::Rights least) const;

  Platform& platform_;
  std::function<bool(std::string_view)> mine_;
  Post post_;
  std::shared_ptr<const registry::Directory> directory_;  // as of the last change
  std::uint64_t directory_number_ = 1;                    // counts the changes
  std::map<const catalog::Family*, Kind> kinds_;
  twin::ReportReader reader_;
  StringMap<DeviceState> devices_;
  SubscriptionTable subscriptions_;
  std::unordered_map<const Client*, std::unordered_set<std::string>> carried_;
  std::unordered_map<const Client*, std::weak_ptr<Client>> clients_;  // by credentials' home
  ByteBudgetPtr retained_bytes_;
  std::unordered_map<registry::AccountId, ByteBudgetPtr> retained_bytes_of_;
  StringMap<RetainedByTopic> retained_by_accounts_;  // by account
  std::deque<Deadline> deadlines_;
  std::vector<Out> outs_;
  std::unordered_map<const Client*, std::size_t> out_index_;
  history::BatchWriter batch_;      // of reports, for the journal
  std::string session_changes_;     // for the same record
  std::vector<std::string> audit_;  // for records behind it
  std::vector<twin::Taken> taken_;
  std::uint64_t appended_ = 0;  // records
  std::uint64_t durable_ = 0;   // the last of them that is
  std::deque<HeldAck> held_acks_;
  std::vector<HeldLook> held_looks_;
  std::vector<HeldLook> held_writers_;  // whose account wrote too much
  std::vector<HeldAnswer> held_answers_;
  Seldom refused_sets_{{.times = 10, .within = Millis(1000)}};  // in the audit
  std::uint64_t routes_ = 0;                                    // calls of route()
  std::int64_t effort_ = 0;
  std::shared_ptr<std::atomic<std::size_t>> undelivered_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::vector<Listening> listenings_;
  std::vector<Heard> heard_;
  std::uint64_t last_request_ = 0;
  std::string gateway_;  // the name of a scope that is looked for
  std::int64_t next_id_ = 0;
  std::uint64_t last_serial_ = 0;
  bool rights_changed_ = false;
  bool misdoes_ = false;         // there are misdeeds, or were at the last tick
  std::int64_t dropped_in_ = 0;  // the minute for which it was drawn who loses its connection
};

}  // namespace gridloom::hub
