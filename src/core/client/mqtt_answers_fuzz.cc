// Fuzz target: whatever a server sends, the events and the client's own packets do not depend on
// how the bytes were split.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "client/mqtt_session.h"

namespace {

using namespace gridloom;
using client::MqttSession;
using wire::mqtt::Qos;

// A client that waits for every answer there is. Its events as a text.
class Client final : public MqttSession::Listener {
 public:
  explicit Client(wire::mqtt::Version version)
      : session_({.version = version, .window = 5, .packet_bytes = 4096}) {
    if (!session_.sign_in({.client_id = "c", .user = "u", .password = "p"})) std::abort();
    if (!session_.subscribe({{.filter = "a"}, {.filter = "b"}})) std::abort();
    if (!session_.publish("t", "1", {.qos = Qos::kAtLeastOnce}, {})) std::abort();
    if (!session_.publish("t", "2", {.qos = Qos::kExactlyOnce}, {})) std::abort();
  }

  void receive(std::string_view bytes) {
    if (!session_.receive(bytes, *this)) seen_ += " malformed";
  }
  [[nodiscard]] std::string seen() const { return seen_ + std::string(session_.output()); }

 private:
  void on_accepted() override { seen_ += " accepted"; }
  void on_subscribed(std::span<const wire::mqtt::Reason> reasons) override {
    seen_ += " subscribed";
    for (const wire::mqtt::Reason reason : reasons) seen_.append(1, ' ').append(name_of(reason));
  }
  void on_acknowledged(client::Moment /*due*/) override {
    seen_ += " acknowledged";
    if (session_.has_window()) {
      if (!session_.publish("t", "3", {.qos = Qos::kExactlyOnce}, {})) std::abort();
    }
  }
  void on_message(const wire::mqtt::Publish& message) override {
    seen_.append(" message ").append(message.topic).append(1, ' ').append(message.payload);
  }
  void on_refused(wire::mqtt::PacketType answer, wire::mqtt::Reason reason) override {
    seen_.append(name_of(answer)).append(name_of(reason));
  }

  MqttSession session_;
  std::string seen_;
};

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto version = data[0] % 2 == 0 ? wire::mqtt::Version::k311 : wire::mqtt::Version::k5;
  const std::size_t piece = 1 + data[1] % 64;
  const std::string bytes(data + 2, data + size);

  Client whole(version);
  whole.receive(bytes);
  Client split(version);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    split.receive(std::string_view(bytes).substr(at, piece));
  }
  if (whole.seen() != split.seen()) std::abort();
  return 0;
}
