// The participants of a transcript: the apps of the accounts, and devices that are either virtual
// or scripted in the transcript; also the weather and the faults of the virtual devices.
//
// All participants are clients of the TestServer's listeners. The messages they receive are kept by
// topic until the next action, for the expectations in between; a SchemaChecker checks every
// message.
#pragma once

#include <cstddef>
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
#include <vector>

#include "base/fault_rule.h"
#include "base/result.h"
#include "base/secret.h"
#include "registry/directory.h"
#include "sim/device_driver.h"
#include "sim/world.h"
#include "transcripts/invariants.h"
#include "transcripts/mqtt_client.h"
#include "transcripts/schema_checker.h"
#include "transcripts/server.h"

namespace gridloom::transcripts {

struct Received {
  std::string payload;
  bool retained = false;
};

// The messages on one topic since the action began, and how many of them were examined. Keeps the
// newest up to kMaxBytes, so that an action may last for months.
struct ReceivedMessages {
  static constexpr std::size_t kMaxBytes = std::size_t{64} * 1024 * 1024;  // of payloads

  void add(Received message);

  std::deque<Received> messages;
  std::size_t next = 0;
  std::size_t bytes = 0;    // of the payloads
  std::size_t dropped = 0;  // messages that are not kept and were not examined
};

// The messages that devices published in an action, to recognize them when apps receive them.
// Remembers the newest kMax.
class PublishedMessages {
 public:
  static constexpr std::size_t kMax = std::size_t{1} << 19U;

  void add(std::string_view topic_end, std::string_view payload);
  [[nodiscard]] bool contains(std::string_view topic_end, std::string_view payload) const;
  void clear();

 private:
  // A hash of topic and payload: one of 64 bits is as good as the message itself.
  [[nodiscard]] static std::size_t key_of(std::string_view topic_end, std::string_view payload);

  std::unordered_map<std::size_t, std::uint32_t> counts_;  // by key
  std::deque<std::size_t> keys_;                           // the oldest first
};

enum class Played : std::uint8_t { kBySimulator, kByHand };

class Actors {
 public:
  struct Options {
    sim::World::Options site{};
    bool keeps_record = false;
    bool messages_wait = false;  // kept until taken, instead of until the next action
    std::function<void(TimePoint now)> on_step{};  // called at each step of the devices, if given
  };
  Actors(TestServer& server, SchemaChecker& schema, Coverage& coverage, const Options& options);
  Actors(const Actors&) = delete;
  Actors& operator=(const Actors&) = delete;
  ~Actors();

  // Drops the messages received so far. Sets that devices get now count as sent over `interface`.
  void begin_action(Interface interface);

  [[nodiscard]] Status add_account(const std::string& name);
  struct NewDevice {
    std::string_view family;
    const std::string& sn;
    std::string_view owner;
    Played played = Played::kBySimulator;
    std::string_view setup{};  // as for setup_from(); empty of a device that is played by hand
  };
  [[nodiscard]] Status add_device(const NewDevice& device);

  [[nodiscard]] Status connect_device(const std::string& sn);
  // A span of 0: disconnected until connect_device().
  [[nodiscard]] Status drop_device(const std::string& sn, Millis span);
  [[nodiscard]] Status connect_app(const std::string& account);
  [[nodiscard]] Status drop_app(const std::string& account);
  // Sets a new MQTT password without telling the app.
  [[nodiscard]] Status rotate_app(const std::string& account);
  // The password with which the app signs in from now on.
  void app_learns(const std::string& account, Secret password);

  // Overrides the seeded environment of the virtual devices: "sun", "clouds" (the fraction of light
  // they absorb, 0 to 1), "air", "household", "grid" (0 or 1). Replaces all earlier overrides; with
  // an empty map, the seeded environment applies again.
  void set_weather(const std::map<std::string, double>& weather);

  // kBadParams: unknown fault.
  [[nodiscard]] Status add_fault(const FaultRule& rule);
  // Ends the faults of that name, only for that device if the rule names one; "all" ends every
  // fault. kNotFound: no such fault is in force.
  [[nodiscard]] Status end_fault(const FaultRule& rule);

  [[nodiscard]] Status add_invariant(const Invariants::Spec& spec);
  [[nodiscard]] std::vector<Invariants::Broken> take_broken() { return invariants_.take_broken(); }

  // Stops the server and starts it again; clients that were connected reconnect.
  [[nodiscard]] Status restart_server();

  void wait(Millis span);
  // Advances time in steps of `step`, at most a minute each. Devices send full reports only once in
  // 15 minutes and at the end, so that a week passes quickly.
  struct Leap {
    Millis span{0};
    Millis step{0};
  };
  void leap(const Leap& leap);
  [[nodiscard]] Status app_sends(const std::string& account, const std::string& sn,
                                 std::string_view verb, std::string_view payload);
  // <id> in the payload is replaced by the id of the last set received, <id-1> by the id of the set
  // before that, and so on.
  [[nodiscard]] Status device_sends(const std::string& sn, std::string_view verb,
                                    std::string_view payload);

  [[nodiscard]] ReceivedMessages& app_inbox(const std::string& account,
                                            const std::string& topic_end);
  [[nodiscard]] ReceivedMessages& device_inbox(const std::string& topic_end);
  // nullptr: unknown account.
  [[nodiscard]] const registry::AccessKey* key_of(const std::string& account) const;

  // The refusals of clients by the platform since the last call. A client whose connection the
  // platform closed is no longer connected.
  struct Refusal {
    std::string app;  // the app's account; empty: a device
    std::string text;
  };
  [[nodiscard]] std::vector<Refusal> take_refusals();
  // All messages that apps ever received, by topic and without the parts that are new in every
  // message, so that equal runs give equal records. Empty unless Options::keeps_record is set.
  [[nodiscard]] const std::map<std::string, std::string>& record() const { return record_; }

 private:
  struct App {
    registry::Account account;
    registry::AccessKey key;
    std::unique_ptr<MqttClient> client;  // nullptr: not connected
    std::set<std::string> subscribed;    // serial numbers
    std::map<std::string, ReceivedMessages> inboxes;
  };
  struct Device final : sim::DeviceDriver::Connection {
    Device(Actors& owner, catalog::FamilyPtr of, std::string serial, Secret secret);

    [[nodiscard]] bool is_online() const override { return client != nullptr && !muted; }
    [[nodiscard]] bool takes_reports() const override { return true; }
    void publish(sim::VirtualDevice::Message message) override;

    Actors& actors;
    catalog::FamilyPtr family;
    std::string sn;
    Secret key;
    std::unique_ptr<sim::DeviceDriver> driver;  // nullptr: played by hand
    TimePoint told;                             // of the last full report
    std::unique_ptr<MqttClient> client;         // nullptr: not connected
    bool muted = false;                         // its messages are discarded
    bool dropped = false;                       // disconnected by the transcript
    std::optional<TimePoint> back;              // end of the disconnection
    wire::Json set;                             // the last set received
    std::vector<std::string> ids = {"0"};       // of the sets received, as JSON
  };

  void open_app(App& app);
  void open_device(Device& device);
  [[nodiscard]] static bool is_cut_off(const Device& device);
  void subscribe(App& app, const std::string& sn);
  void app_got(App& app, const MqttClient::Message& message);
  void check_shape(const std::string& topic_end, const std::string& payload);
  void device_got(Device& device, const MqttClient::Message& message);
  enum class Says : std::uint8_t { kWhatChanged, kAllNowAndThen };
  void step_devices(Says says);
  void step(Device& device, Says says);
  void say_all(Device& device);
  void apply_faults();
  void apply_faults(Device& device);
  void end_faults_whose_time_is_over();
  [[nodiscard]] sim::Environment environment() const;
  void publish(Device& device, std::string_view verb, const std::string& payload);
  [[nodiscard]] Result<Device*> device_of(const std::string& sn);
  [[nodiscard]] Result<App*> app_of(const std::string& account);

  TestServer& server_;
  SchemaChecker& schema_;
  Coverage& coverage_;
  Options options_;
  sim::World world_;
  std::map<std::string, double> weather_;
  std::vector<FaultRule> rules_;  // in force
  Invariants invariants_;
  std::map<std::string, App> apps_;  // by account name
  std::map<std::string, Device> devices_;
  std::map<std::string, ReceivedMessages> device_inboxes_;
  PublishedMessages published_;  // by devices in this action
  std::map<std::string, std::string> record_;
  Interface interface_ = Interface::kHttp;
};

}  // namespace gridloom::transcripts
