// A test home on a running or a stopped server. Every kind of actor has signed in once, a session
// of each is parked, and some actors have lost their rights since.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "history/test_archive.h"
#include "hub/platform/credentials.h"
#include "mqtt/test_peer.h"
#include "mqtt/test_server.h"
#include "own_api/test_own_api.h"
#include "sign_in/sign_in.h"
#include "testing/clock.h"

namespace gridloom::rights {

inline constexpr std::string_view kSn = "HEATER-01";       // owner's, shared
inline constexpr std::string_view kRotated = "HEATER-03";  // owner's, with a new key
inline constexpr std::string_view kMoved = "HEATER-04";    // was owner's, is stranger's

// A client that signs in over MQTT.
struct Actor {
  std::string name;
  hub::Role role = hub::Role::kAccount;
  std::string user{};         // for signing in
  std::string password{};     // from before any rights were taken away
  std::string self{};         // certificate account in its own topics; empty: none
  std::string_view sn = kSn;  // the device that its requests concern
};

// What a browser says of the page that makes it ask.
struct Page {
  std::string origin = "http://localhost";
  std::string fetch_site{};
  std::string host = "localhost";  // that the browser believes to ask
};

// A client that signs requests over HTTP, or has a token or the cookie of a session.
struct Signer {
  std::string name;
  std::string account{};
  std::optional<registry::AccessKey> key{};  // none: requests are not signed
  bool wrong = false;                        // signs with a wrong secret key
  std::optional<Secret> token{};             // sent instead of a signature
  std::optional<Secret> cookie{};            // of a browser's session; likewise
  Page page{};                               // with the cookie
};

// All signers of a home, whose accounts are there.
class Signers {
 public:
  explicit Signers(TestHome& home) : home_(home) {}

  void add_all();
  [[nodiscard]] const std::vector<Signer>& all() const { return all_; }
  // Ends the token, the session and the key of those that are to be refused.
  void take_away();
  // A session that has signed itself out is needed for other questions.
  void renew(const Signer& signer);

 private:
  void add_keys();
  void add_tokens();
  void add_sessions();

  TestHome& home_;
  std::vector<Signer> all_;
  std::int64_t removed_token_ = 0;
  std::int64_t ended_session_ = 0;
};

enum class When : std::uint8_t { kRunning, kStopped };

// Whether one of the lines contains the text.
[[nodiscard]] bool mentions(const Lines& lines, std::string_view text);

class World {
 public:
  explicit World(When when);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] const std::vector<Actor>& actors() const { return actors_; }
  [[nodiscard]] const std::vector<Signer>& signers() const { return signers_.all(); }

  // Each call computes one cell of the matrix; see matrix.txt for the words.
  std::string ask(std::string_view endpoint, const Signer& signer);
  std::string publish(const Actor& actor, const std::string& topic);
  std::string subscribe(const Actor& actor, const std::string& filter);
  std::string queued(const Actor& actor);
  [[nodiscard]] std::string will(const Actor& actor) const;

  // Replaces {sn}, {self} and {owner}; no value for an actor without its own topics.
  [[nodiscard]] std::optional<std::string> filled(std::string_view text, const Actor& actor) const;

 private:
  using PeerPtr = std::unique_ptr<mqtt::Peer>;

  void add_home();
  void add_actors();
  [[nodiscard]] http::Request request_of(std::string_view endpoint, std::string_view sent,
                                         const Signer& signer) const;
  // Asks for a WebSocket by the bytes of a connection, as the routes of it are the session's.
  std::string open(const http::Request& request);
  void park_sessions();
  void take_away();
  void connect_watchers();
  void see_wills();

  PeerPtr peer();
  // Null: the server refused the sign-in.
  PeerPtr signed_in(const Actor& actor, const std::string& client_id, std::string_view password);
  void report(std::string_view payload, bool retain = false);
  // Returns and clears the messages that the watcher received.
  Lines seen(const PeerPtr& watcher);

  mqtt::Server server_;
  TestClock archive_clock_{kTestStart};
  std::unique_ptr<history::Archive> archive_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<sign_in::SignIn> sign_in_;
  std::unique_ptr<api::OwnParts> parts_;
  std::unique_ptr<api::Api> api_;
  std::vector<Actor> actors_;
  Signers signers_{server_.home};
  PeerPtr device_;                  // the device itself, which reports
  PeerPtr device_watcher_;          // another connection of the device
  PeerPtr owner_watcher_;           // an app of the owner
  std::vector<PeerPtr> others_;     // other devices, and an app of the stranger
  std::vector<std::string> wills_;  // clients whose will was seen
  int markers_ = 0;
};

}  // namespace gridloom::rights
