// Who plays in a transcript: the accounts' apps, and devices that are virtual or played by hand.
//
// All of them are clients at the doors of the Stage. What comes to them is kept since the last
// action began, by topic, for the expectations that follow; Shapes sees everything.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/directory.h"
#include "sim/virtual_device.h"
#include "sim/world.h"
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
  Cast(Stage& stage, Shapes& shapes, Coverage& coverage);
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

  // The server stops and starts again; who was connected comes back.
  [[nodiscard]] Status restart_server();

  void wait(Millis span);
  [[nodiscard]] Status app_sends(const std::string& account, const std::string& sn,
                                 std::string_view verb, std::string_view payload);
  // <id> in the payload is the id of the set that came last.
  [[nodiscard]] Status device_sends(const std::string& sn, std::string_view verb,
                                    std::string_view payload);

  [[nodiscard]] Inbox& app_inbox(const std::string& account, const std::string& topic_end);
  [[nodiscard]] Inbox& device_inbox(const std::string& topic_end);
  // nullptr: there is none.
  [[nodiscard]] const registry::AccessKey* key_of(const std::string& account) const;

  // What the platform refused to a client since this was asked last.
  [[nodiscard]] std::vector<std::string> take_refusals();
  // Everything that apps ever got, by topic and without what is new in every message: equal for
  // equal runs.
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
    std::unique_ptr<MqttClient> client;             // nullptr: not connected
    std::optional<TimePoint> back;                  // when it connects by itself
    std::string last_id = "0";                      // of the set that came last, as JSON
  };

  void open_app(App& app);
  void open_device(Device& device);
  void subscribe(App& app, const std::string& sn);
  void app_got(App& app, const MqttClient::Message& message);
  void device_got(Device& device, const MqttClient::Message& message);
  void step_devices();
  void publish(Device& device, const std::vector<sim::VirtualDevice::Message>& messages);
  void publish(Device& device, std::string_view verb, const std::string& payload);
  [[nodiscard]] Result<Device*> device_of(const std::string& sn);
  [[nodiscard]] Result<App*> app_of(const std::string& account);

  Stage& stage_;
  Shapes& shapes_;
  Coverage& coverage_;
  sim::World world_;
  std::map<std::string, App> apps_;  // by account name
  std::map<std::string, Device> devices_;
  std::map<std::string, Inbox> device_inboxes_;
  std::set<std::string> published_;  // by devices since the action began: topic end and payload
  std::map<std::string, std::string> record_;
  Door door_ = Door::kHttp;
};

}  // namespace gridloom::transcripts
