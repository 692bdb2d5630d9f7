// Who plays in a transcript: the accounts' apps, and devices that are virtual or played by hand;
// the weather that virtual devices live in, and the faults that they have.
//
// All of them are clients at the doors of the Stage. What comes to them is kept since the last
// action began, by topic, for the expectations that follow; Shapes sees everything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/fault_order.h"
#include "base/result.h"
#include "base/secret.h"
#include "registry/directory.h"
#include "sim/virtual_device.h"
#include "sim/world.h"
#include "transcripts/invariants.h"
#include "transcripts/mqtt_client.h"
#include "transcripts/shapes.h"
#include "transcripts/stage.h"

namespace gridloom::transcripts {

struct Received {
  std::string payload;
  bool retained = false;
};

// What came on one topic since the action began, and how far it was looked at.
struct Inbox {
  std::vector<Received> messages;
  std::size_t next = 0;
};

enum class Played : std::uint8_t { kBySimulator, kByHand };

class Cast {
 public:
  struct Options {
    sim::World::Options site{};
    bool keeps_record = false;
    bool messages_wait = false;  // until somebody takes them, instead of until the next action
  };
  Cast(Stage& stage, Shapes& shapes, Coverage& coverage, const Options& options);
  Cast(const Cast&) = delete;
  Cast& operator=(const Cast&) = delete;
  ~Cast();

  // Forgets what came. Sets that devices get count as come through `door`.
  void begin_action(Door door);

  [[nodiscard]] Status add_account(const std::string& name);
  struct NewDevice {
    std::string_view family;
    const std::string& sn;
    std::string_view owner;
    Played played = Played::kBySimulator;
  };
  [[nodiscard]] Status add_device(const NewDevice& device);

  [[nodiscard]] Status connect_device(const std::string& sn);
  // A span of 0: until connect_device().
  [[nodiscard]] Status drop_device(const std::string& sn, Millis span);
  [[nodiscard]] Status connect_app(const std::string& account);
  [[nodiscard]] Status drop_app(const std::string& account);
  // A new MQTT password, of which the app does not know.
  [[nodiscard]] Status rotate_app(const std::string& account);
  // What the app signs in with from now on, as it was told.
  void app_learns(const std::string& account, Secret password);

  // What is otherwise around virtual devices than the seed has it: "sun", "clouds" (what they take
  // of the light, 0 to 1), "air", "household", "grid" (0 or 1). In place of what was before, name
  // by name; none of them: as it comes.
  void set_weather(const std::map<std::string, double>& weather);

  // kBadParams: no such fault.
  [[nodiscard]] Status add_fault(const FaultOrder& order);
  // Of that name, and for that device if it names one; "all": whatever there is. kNotFound: none.
  [[nodiscard]] Status end_fault(const FaultOrder& order);

  [[nodiscard]] Status add_invariant(const Invariants::Spec& spec);
  [[nodiscard]] std::vector<Invariants::Broken> take_broken() { return invariants_.take_broken(); }

  // The server stops and starts again; who was connected comes back.
  [[nodiscard]] Status restart_server();

  void wait(Millis span);
  // In such steps, at most a minute each. Devices say everything once in a quarter of an hour and
  // at the end, so that a week passes quickly.
  struct Leap {
    Millis span{0};
    Millis step{0};
  };
  void leap(const Leap& leap);
  [[nodiscard]] Status app_sends(const std::string& account, const std::string& sn,
                                 std::string_view verb, std::string_view payload);
  // <id> in the payload is the id of the set that came last, <id-1> of the one before it, and so
  // on.
  [[nodiscard]] Status device_sends(const std::string& sn, std::string_view verb,
                                    std::string_view payload);

  [[nodiscard]] Inbox& app_inbox(const std::string& account, const std::string& topic_end);
  [[nodiscard]] Inbox& device_inbox(const std::string& topic_end);
  // nullptr: there is none.
  [[nodiscard]] const registry::AccessKey* key_of(const std::string& account) const;

  // What the platform refused to a client since this was asked last. One whose connection it ended
  // is not connected any more.
  struct Refusal {
    std::string app;  // of that account; empty: a device's
    std::string text;
  };
  [[nodiscard]] std::vector<Refusal> take_refusals();
  // Everything that apps ever got, by topic and without what is new in every message: equal for
  // equal runs. Empty if it is not kept.
  [[nodiscard]] const std::map<std::string, std::string>& record() const { return record_; }

 private:
  struct App {
    registry::Account account;
    registry::AccessKey key;
    std::unique_ptr<MqttClient> client;  // nullptr: not connected
    std::set<std::string> subscribed;    // serial numbers
    std::map<std::string, Inbox> inboxes;
  };
  struct Device {
    catalog::FamilyPtr family;
    std::string sn;
    Secret key;
    std::unique_ptr<sim::VirtualDevice> simulated;  // nullptr: played by hand
    TimePoint due;                                  // its next step
    TimePoint told;                                 // when it said everything
    std::unique_ptr<MqttClient> client;             // nullptr: not connected
    bool dropped = false;                           // as the transcript wants it
    std::optional<TimePoint> back;                  // until then
    std::vector<std::string> ids = {"0"};           // of the sets that came, as JSON
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
  void suffer();
  void suffer(Device& device);
  void end_faults_whose_time_is_over();
  [[nodiscard]] bool says_nonsense(const Device& device) const;
  [[nodiscard]] sim::Surroundings around() const;
  void publish(Device& device, const std::vector<sim::VirtualDevice::Message>& messages);
  void publish(Device& device, std::string_view verb, const std::string& payload);
  [[nodiscard]] Result<Device*> device_of(const std::string& sn);
  [[nodiscard]] Result<App*> app_of(const std::string& account);

  Stage& stage_;
  Shapes& shapes_;
  Coverage& coverage_;
  Options options_;
  sim::World world_;
  std::map<std::string, double> weather_;
  std::vector<FaultOrder> orders_;  // in force
  Invariants invariants_;
  std::map<std::string, App> apps_;  // by account name
  std::map<std::string, Device> devices_;
  std::map<std::string, Inbox> device_inboxes_;
  std::set<std::string> published_;  // by devices since the action began: topic end and payload
  std::map<std::string, std::string> record_;
  Door door_ = Door::kHttp;
};

}  // namespace gridloom::transcripts
