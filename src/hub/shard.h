// A shard is the only writer of the twins whose serial numbers hash to it, and routes their
// messages: reports to subscribers, sets to devices, replies to requesters.
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
#include "base/log_throttle.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/string_map.h"
#include "history/batch.h"
#include "hub/client.h"
#include "hub/platform.h"
#include "hub/session_changes.h"
#include "hub/subscription_table.h"
#include "hub/traffic_tap.h"
#include "twin/twin.h"
#include "wire/json.h"

namespace gridloom::hub {

using wire::mqtt::Message;
using wire::mqtt::Qos;

// How a message was published.
struct PublishOptions {
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  bool resent = false;  // DUP: may have been sent before
  // For QoS 1 and 2, where the client has a stream (hub/session_changes.h).
  struct Identity {
    std::int64_t stream = 0;  // 0: none
    Receipt receipt{};
    std::uint32_t settled = 0;
    bool repeated = false;  // already processed: only the acknowledgement is left
  };
  Identity identity{};
  wire::mqtt::AckToken token{};
};

// A message that a client published, its topic already parsed as one of the platform's.
struct Inbound {
  std::string sn;
  Verb verb{};
  wire::mqtt::MessagePtr message;
  PublishOptions options;
};

// Where to answer: `done` is called on `loop`.
template <typename T>
struct ReplyTo {
  Loop* loop = nullptr;
  Callback<Result<T>> done;
};

// The state of a twin that outlives the server.
struct SavedTwin {
  std::string sn;
  std::int64_t number = 0;                  // registry::Device::number
  std::string text;                         // Twin::save(); empty: nothing was saved
  std::vector<history::LastValue> newer{};  // reported since the text was saved
};

using QuotaBody = std::shared_ptr<const std::string>;

class Shard {
 public:
  // Posts a task to this shard, from any thread.
  using Post = std::function<void(std::move_only_function<void(Shard&)>)>;
  // `mine` tells whether a serial number hashes to this shard.
  Shard(Platform& platform, std::function<bool(std::string_view)> mine, Post post);

  // Between enter() and leave() a client whose credentials end is kicked.
  void enter(const ClientPtr& client);
  void leave(const Client& client);
  void device_connected(const ClientPtr& client, const std::string& sn);
  // The client's connection ended: devices without another connection are offline. The client's
  // subscriptions stay.
  void disconnected(const Client& client);
  // The client's session ended. False: it has more subscriptions than are removed at once; call
  // again.
  [[nodiscard]] bool ended(const Client& client);
  // Redelivers messages that `from`, whose session has ended, got as a member of groups and did not
  // take. The changes are appended to the log at once. See Hub::hand_on().
  void hand_on(const Client& from, std::int64_t kept_as, const std::vector<Delivery>& deliveries);
  // Moves the subscriptions of `old` to `fresh`.
  void rebind(const Client& old, const ClientPtr& fresh);
  void subscribe(const ClientPtr& client, const Subscription& subscription);
  void unsubscribe(const Client& client, const std::string& filter);
  void publish(const ClientPtr& client, const Inbound& inbound);
  // Returns the credit of `bytes` that went to publish(): the client may publish again once the
  // journal keeps up.
  void consume_credit(const ClientPtr& client, std::size_t bytes);
  void restore_retained(const RetainedChange& retained);
  // The twins that changed since the last call.
  [[nodiscard]] std::vector<SavedTwin> save_twins();
  // Does nothing if the serial number belongs to another device by now.
  void restore_twin(const SavedTwin& saved);
  // Reads the rights again and ends what they no longer allow (shard_revocation.cc).
  void registry_changed();

  // The rules for injected platform faults changed.
  void injected_faults_changed();

  // The tap first receives the known state of its devices that belong to this shard.
  void add_tap(const TapFilter& filter);
  void remove_tap(const TrafficTap& tap);

  // Requests of apps over HTTP. kNoPermission: the device is unknown, or the account has no rights
  // to it.
  void read_all(registry::AccountId account, const std::string& sn, ReplyTo<QuotaBody> asker);
  void read(registry::AccountId account, const std::string& sn,
            const std::vector<std::string>& quotas, ReplyTo<std::string> asker);
  // Answers with the device's reply as JSON text. Errors: also kBadParams, kOffline, and kIo while
  // the journal cannot write.
  void set(registry::AccountId account, const std::string& sn, wire::JsonObject message,
           ReplyTo<std::string> asker);

  // Limit for deliveries that flush() posted and the clients' loops have not processed yet; while
  // it is reached, the hub does no further work of the inbox.
  static constexpr std::size_t kMostUndelivered = 4096;
  [[nodiscard]] bool is_ahead_of_loops() const { return undelivered_->load() >= kMostUndelivered; }

  // The effort spent so far, in the units of Inbox.
  [[nodiscard]] std::int64_t effort() const { return effort_; }

  void tick(TimePoint now);  // times out sets, drops what the registry revoked
  // Appends this turn's records to the journal, and posts deliveries and acknowledgements to the
  // clients' loops.
  void flush();
  [[nodiscard]] bool has_output() const {
    return !batches_.empty() || has_records() || !traffic_.empty();
  }

 private:
  struct HttpRequester {
    ReplyTo<std::string> asker;
    std::uint64_t request = 0;  // TrafficEvent::request
  };
  struct MqttRequester {
    std::string account;  // certificate account
    wire::JsonObject request;
    wire::mqtt::MessagePtr message;  // as received
  };
  struct Pending {
    std::string id;       // as sent to the device, as text
    wire::Json asked_id;  // as received
    std::variant<HttpRequester, MqttRequester> asker;
    registry::AccountId account{};
    std::string who{};         // the account's name
    bool lost = false;         // an injected fault dropped the reply
    std::uint64_t serial = 0;  // unique among this shard's sets
    std::uint64_t record = 0;  // of the journal; the answer waits until it is durable
    bool outcome_recorded = false;
  };
  struct Retained {
    wire::mqtt::MessagePtr message;
    Qos qos = Qos::kAtMostOnce;
    TakenBytes bytes{};
  };
  using RetainedByTopic = std::map<std::string, Retained>;
  // Shared by all devices of a family.
  struct Kind {
    twin::LayoutPtr layout;
    std::vector<history::NameRef> refs;  // in the order of the layout's names
  };
  // State of a device that injected platform faults concern.
  struct FaultOverlay {
    std::optional<twin::Twin> frozen;                   // the twin when the fault began
    std::set<registry::AccountId> hidden_from;          // accounts that were told it is offline
    std::map<registry::AccountId, TimePoint> asked_at;  // last quota/all
  };
  struct DeviceState {
    DeviceState(std::int64_t registered, Kind& of, const twin::TwinLimits& limits)
        : number(registered), kind(of), twin(of.layout, limits) {}
    std::int64_t
        number;  // registry::Device::number: a device removed and added again has a new number
    Kind& kind;
    twin::Twin twin;
    std::uint64_t saved_version = 0;
    std::unordered_set<const Client*> transports;  // connections through which the device speaks
    const Client* active_transport = nullptr;      // the one used last
    const registry::Device* device = nullptr;      // as of directory number `known_as_of`
    std::uint64_t known_as_of = 0;
    bool away = false;  // it reported itself offline, by a status message
    std::vector<Pending> pending;
    RetainedByTopic retained;  // messages that it published as retained
    std::unique_ptr<FaultOverlay> overlay;
  };
  // A message on its way to subscribers.
  struct OutgoingMessage {
    const Message& like;  // everything but the topic
    Qos qos = Qos::kAtMostOnce;
    bool retain = false;           // as published
    const Client* from = nullptr;  // the publisher; null: the platform
  };
  struct Deadline {
    TimePoint at;
    std::string sn;
    std::uint64_t serial = 0;
  };
  // Output that is held until the journal has caught up: acknowledgements and answers until their
  // record is durable, credit until the client may publish again.
  struct HeldAck {
    std::uint64_t record = 0;
    ClientPtr client;
    Ack ack;
  };
  struct HeldCredit {
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
  struct ClientBatch {
    ClientPtr client;
    std::vector<Delivery> deliveries;
    std::vector<Ack> acks;
    std::uint64_t route = 0;   // the last route() that reached it by a non-shared subscription,
    std::size_t delivery = 0;  // and the index of that delivery
  };

  // Adds the effort of a call with `bytes` bytes; its deliveries are counted as they are made.
  void count_effort(std::size_t bytes) {
    effort_ += kEffort + static_cast<std::int64_t>(bytes / kBytesOfEffort);
  }
  // Creates the state of a device that is new on this shard, or was added to the registry again
  // under an old serial number.
  DeviceState& state_of(std::string_view sn);
  DeviceState& state_of(std::string_view sn, const registry::Device* device);
  // The device's state, if this shard has one. The state of a former device with the same serial
  // number is dropped first.
  [[nodiscard]] DeviceState* find_state(std::string_view sn);
  [[nodiscard]] DeviceState* find_state(std::string_view sn, const registry::Device* device);
  // Registry entry and state of a device, looked up together for each message: a device that has
  // published since the registry changed costs one look-up.
  struct Known {
    const registry::Device* device = nullptr;
    DeviceState* state = nullptr;
  };
  [[nodiscard]] Known known(std::string_view sn);
  void report_refusal(const ClientPtr& client, ClientEvent::Kind kind, std::string_view reason,
                      std::string_view why);
  void take(const ClientPtr& client, const Inbound& inbound, Answer& answer);
  void publish_by_account(const ClientPtr& client, const Inbound& inbound, Answer& answer);
  void publish_by_device(const ClientPtr& client, const Inbound& inbound, Answer& answer);

  void bind(const ClientPtr& client, const std::string& sn, DeviceState& state);
  void on_report(const ClientPtr& client, const Inbound& inbound, DeviceState& state,
                 Answer& answer);
  void on_reply(const Inbound& inbound, DeviceState& state);
  void on_status(const ClientPtr& client, const Inbound& inbound, DeviceState& state);
  void on_account_set(const ClientPtr& client, const Inbound& inbound, Answer& answer);
  void on_account_get(const ClientPtr& client, const Inbound& inbound);

  // Writing to the journal, where there is one.
  void record_report(DeviceState& state, TimePoint now, const PublishOptions& options);
  void record_presence(DeviceState& state, bool online);
  [[nodiscard]] std::optional<TimePoint> reported_at(TimePoint now) const;
  std::uint64_t append(history::RecordKind kind, std::string payload);
  // Returns the number of the entry's record, which is written after the reports and changes of
  // this turn.
  std::uint64_t append_audit(wire::JsonObject entry);
  // Writes the outcome of a set to the audit; refused sets are limited as refused sign-ins are.
  void record_outcome(const std::string& sn, const Pending& pending, const Result<Message>& reply);
  void record_refused_set(std::string_view who, std::string_view through, const std::string& sn,
                          const Error& why);
  [[nodiscard]] std::string name_of(registry::AccountId account) const;
  void append_turn();
  [[nodiscard]] bool has_turn() const { return !batch_.empty() || !session_changes_.empty(); }
  [[nodiscard]] bool has_records() const { return has_turn() || !audit_.empty(); }
  // The number of the record that holds everything so far.
  [[nodiscard]] std::uint64_t last_record() const;
  void durable(std::uint64_t record);
  void release_credit();
  void release_writers();

  [[nodiscard]] std::string guests_are_too_many(const std::string& sn, const DeviceState& state,
                                                registry::AccountId account) const;
  // The number of the set's record, or why the set was not started.
  Result<std::uint64_t> start_set(const std::string& sn, wire::JsonObject message, Pending pending);
  void answer_requester(const std::string& sn, Pending pending, Result<Message> reply);
  void finish(const std::string& sn, Pending pending, Result<Message> reply);
  void refuse_mqtt(const MqttRequester& asker, const std::string& sn, Verb verb,
                   std::string_view code, std::string_view message);

  // Injected platform faults (shard_faults.cc).
  [[nodiscard]] std::optional<double> injected(PlatformFault fault, registry::AccountId account,
                                               std::string_view sn) const;
  [[nodiscard]] bool seen_online(registry::AccountId account, std::string_view sn) const;
  [[nodiscard]] twin::Twin& twin_shown_to(registry::AccountId account, const std::string& sn,
                                          DeviceState& state);
  [[nodiscard]] bool pushes(registry::AccountId account, std::string_view sn, Verb verb);
  void send_hidden_status(const std::string& sn, DeviceState& state);
  void apply_platform_faults(TimePoint now);

  // Traffic taps (shard_tap.cc).
  [[nodiscard]] bool is_tapped(std::string_view sn) const;
  // Only for a tapped device; sets the time of the event.
  void emit(TrafficEvent event);
  void emit_answer(const std::string& sn, std::uint64_t request, const Result<std::string>& data);
  void flush_traffic();
  // Sends one account's apps an answer of the platform, as opposed to a forwarded message.
  void answer_app(const std::string& account, const std::string& sn, Verb verb,
                  const OutgoingMessage& message);

  void drop_what_ended();
  void drop_devices();
  void refuse_pending_of_others(const registry::Device& device, DeviceState& state);
  void drop_retained_by_accounts();
  void drop_transport(const Client& client, const std::string& sn);
  void set_online(const std::string& sn, bool online);
  [[nodiscard]] std::string status_text(bool online) const;

  // Sends the retained messages to a new subscriber: a device's status comes from the registry and
  // presence, the rest from messages that were published as retained.
  void send_retained(const ClientPtr& client, const Subscription& subscription);
  void offer_retained(const ClientPtr& client, const Subscription& subscription,
                      const std::string& topic, const Retained& retained);
  void offer_of_device(const ClientPtr& client, const Subscription& subscription,
                       const std::string& sn);
  // Does nothing unless the message is to be retained. The bytes count against `account`; `device`:
  // the number of the device that published it, or 0. False: the budget has no room.
  [[nodiscard]] bool retain(const Inbound& inbound, RetainedByTopic& among,
                            registry::AccountId account, std::int64_t device);
  [[nodiscard]] TakenBytes room_of(registry::AccountId account);
  void forget_retained(const RetainedByTopic& retained);
  // Records the retained message of a topic in the log. Null: it was cleared.
  void keep_retained(const std::string& topic, const Retained* retained, std::int64_t device);

  [[nodiscard]] static Message plain(std::string payload);
  // The functions below send a copy of `message.like` with the receiver's topic.
  // To the subscribers of the owner and of all accounts the device is shared with:
  void to_accounts(const std::string& sn, Verb verb, const OutgoingMessage& message);
  void to_accounts(const registry::Device& device, Verb verb, const OutgoingMessage& message);
  void to_account(std::string_view account, const std::string& sn, Verb verb,
                  const OutgoingMessage& message);
  // To the device's own connections and its owner's gateways:
  void to_device(const std::string& sn, Verb verb, const OutgoingMessage& message);
  void to_device(const registry::Device& device, Verb verb, const OutgoingMessage& message);
  void route(const SubscriptionTable::Scope& scope, const std::string& topic,
             const OutgoingMessage& message);
  ClientBatch& batch_for(const ClientPtr& client);
  void deliver(const ClientPtr& client, Delivery delivery);
  // Records the delivery in the log if the client's session outlives its connection, so that it is
  // as durable as its cause. `packet` is encoded by the first call that needs it, and shared by all
  // deliveries of one message.
  void keep(const Client& client, Delivery& delivery, std::string& packet);

  template <typename T>
  static void answer(ReplyTo<T> asker, Result<T> result);
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
  std::unordered_map<const Client*, std::unordered_set<std::string>> bound_;
  std::unordered_map<const Client*, std::weak_ptr<Client>> clients_;  // see enter()
  ByteBudgetPtr retained_bytes_;
  std::unordered_map<registry::AccountId, ByteBudgetPtr> retained_bytes_of_;
  StringMap<RetainedByTopic> retained_by_accounts_;  // by account
  std::deque<Deadline> deadlines_;
  std::vector<ClientBatch> batches_;
  std::unordered_map<const Client*, std::size_t> batch_index_;
  history::BatchWriter batch_;      // reports for the next record
  std::string session_changes_;     // for the same record
  std::vector<std::string> audit_;  // for records after it
  std::vector<twin::Taken> taken_;
  std::uint64_t appended_ = 0;  // records
  std::uint64_t durable_ = 0;   // the last durable record
  std::deque<HeldAck> held_acks_;
  std::vector<HeldCredit> held_credit_;
  std::vector<HeldCredit> held_writers_;  // of accounts over their daily limit
  std::vector<HeldAnswer> held_answers_;
  LogThrottle refused_sets_{{.times = 10, .within = Millis(1000)}};  // in the audit
  std::uint64_t routes_ = 0;                                         // calls of route()
  std::int64_t effort_ = 0;
  std::shared_ptr<std::atomic<std::size_t>> undelivered_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::vector<TapFilter> taps_;
  std::vector<TrafficEvent> traffic_;
  std::uint64_t last_request_ = 0;
  std::string gateway_;  // buffer: name of the gateway scope to find
  std::int64_t next_id_ = 0;
  std::uint64_t last_serial_ = 0;
  bool rights_changed_ = false;
  bool has_faults_ = false;      // faults are injected, or were at the last tick
  std::int64_t dropped_in_ = 0;  // last minute for which connections to drop were drawn
};

}  // namespace gridloom::hub
