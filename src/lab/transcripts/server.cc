#include "transcripts/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <thread>
#include <utility>

#include "history/archive.h"
#include "hub/platform/fault_injector.h"
#include "server/loops.h"

namespace gridloom::transcripts {
namespace {

constexpr std::uint16_t kMqttPort = 8883;  // the port in /certification; nothing listens there

}  // namespace

ClientEnd::ClientEnd(TestServer& server)
    : server_(server), loop_(server.next_loop_++ % server.variant_.shards) {
  server_.ends_.push_back(this);
}

ClientEnd::~ClientEnd() {
  if (socket_ >= 0) server_.drain();
  const bool had_socket = socket_ >= 0;
  std::erase(server_.ends_, this);
  hang_up();
  if (had_socket) server_.drain();
}

void ClientEnd::hang_up() {
  if (socket_ >= 0) {
    ::close(std::exchange(socket_, -1));
    --server_.ends_traffic_.open;
  }
  if (const auto protocol = std::exchange(protocol_, nullptr)) protocol->lost();
}

void ClientEnd::connect(Interface interface) {
  server::Server& server = *server_.server_;
  // A request for history sees what is on disk.
  if (interface == Interface::kHttp) server_.settle_log();
  if (server_.nodes_) {
    protocol_ = server_.nodes_->connect(interface);
    return;
  }
  if (server_.variant_.wire == Transport::kDirect) {
    protocol_ = server.protocol(interface)(
        {.loop = *server.loops()[loop_], .wake = [] {}, .secure = true, .peer = "127.0.0.1"});
    return;
  }
  const net::Address& bound = *server.listeners().bound(interface, server::Security::kPlain);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(bound.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as sockets want it
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  if (socket_ < 0 || ::connect(socket_, any, sizeof(address)) != 0) {
    throw std::runtime_error("no connection to the listener of the test server");
  }
  // Without this, drain() would spin until a delayed acknowledgement allows small packets.
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  ++server_.ends_traffic_.open;
}

bool ClientEnd::pump() {
  std::string bytes;
  bool ended = false;
  if (protocol_) {
    protocol_->take_output(bytes);
    ended = bytes.empty() && protocol_->finished();
  } else if (socket_ >= 0) {
    std::array<char, 65'536> some;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const ssize_t size = ::recv(socket_, some.data(), some.size(), MSG_DONTWAIT);
    if (size > 0) bytes.assign(some.data(), static_cast<std::size_t>(size));
    server_.ends_traffic_.from_server += bytes.size();
    ended = size == 0 || (size < 0 && errno == ECONNRESET);
  }
  if (ended) {
    is_over_ = true;
    hang_up();
    return true;
  }
  if (bytes.empty()) return false;
  received(bytes);
  return true;
}

void ClientEnd::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, server_.variant_.piece_bytes);
    bytes.remove_prefix(piece.size());
    if (protocol_) {
      protocol_->receive(piece, server_.clock_.now());
    } else if (socket_ >= 0) {
      // The server does not read meanwhile: a transcript's single write fits the socket's buffer.
      const ssize_t sent = ::send(socket_, piece.data(), piece.size(), MSG_NOSIGNAL);
      if (sent > 0) server_.ends_traffic_.to_server += static_cast<std::size_t>(sent);
    }
  }
}

void ClientEnd::tick(TimePoint now) {
  if (protocol_) protocol_->tick(now);
}

// Counts the bytes between a socket and a protocol.
class TestServer::Counted final : public net::Protocol {
 public:
  Counted(std::shared_ptr<net::Protocol> inner, Traffic& traffic)
      : inner_(std::move(inner)), traffic_(traffic) {
    ++traffic_.open;
  }
  void receive(std::string_view bytes, TimePoint now) override {
    traffic_.to_server += bytes.size();
    inner_->receive(bytes, now);
  }
  void take_output(std::string& out) override {
    const std::size_t before = out.size();
    inner_->take_output(out);
    traffic_.from_server += out.size() - before;
  }
  [[nodiscard]] bool finished() const override { return inner_->finished(); }
  [[nodiscard]] bool resets() const override { return inner_->resets(); }
  [[nodiscard]] bool wants_input() const override { return inner_->wants_input(); }
  [[nodiscard]] std::int64_t account() const override { return inner_->account(); }
  [[nodiscard]] std::size_t kept_bytes() const override { return inner_->kept_bytes(); }
  [[nodiscard]] bool busy() const override { return inner_->busy(); }
  void tick(TimePoint now) override { inner_->tick(now); }
  void server_stops() override { inner_->server_stops(); }
  void peer_ends() override { inner_->peer_ends(); }
  void lost() override {
    --traffic_.open;
    inner_->lost();
  }

 private:
  std::shared_ptr<net::Protocol> inner_;
  Traffic& traffic_;
};

TestServer::TestServer(std::shared_ptr<const catalog::Catalog> catalog, Variant variant,
                       TimePoint start)
    : variant_(std::move(variant)), clock_(start), catalog_(std::move(catalog)) {}

Result<std::unique_ptr<TestServer>> TestServer::open(
    std::shared_ptr<const catalog::Catalog> catalog, const Variant& variant, TimePoint start) {
  std::unique_ptr<TestServer> server(new TestServer(std::move(catalog), variant, start));
  GL_TRY(server->start());
  return server;
}

Status TestServer::start() {
  GL_TRY(auto opened,
         server::Server::open(
             {.data = folder_.data(),
              .clocks = {.devices = clock_, .wall = clock_, .steady = clock_},
              .catalog = catalog_,
              .loops = server::make_loops(variant_.shards),
              .turn_loops_during = server::turn_during,
              .journaling = variant_.journaling,
              .clock_is_driven = true,
              .request_path = variant_.request_path ? variant_.request_path() : hub::RequestPath{},
              .services =
                  variant_.services ? variant_.services() : std::vector<server::MakeService>()}));
  server_ = std::move(opened);
  if (variant_.nodes) {
    nodes_ = variant_.nodes(
        {.server = *server_, .clock = clock_, .mqtt_port = kMqttPort, .network = network_});
  }
  set_faults(std::vector(faults_));
  server::Server::ListenOptions options{
      .mqtt_port = kMqttPort,
      .wrap = [this](std::shared_ptr<net::Protocol> inner) -> std::shared_ptr<net::Protocol> {
        return std::make_shared<Counted>(std::move(inner), server_traffic_);
      }};
  if (variant_.wire == Transport::kSocket) {
    for (const Interface interface : {Interface::kHttp, Interface::kMqtt}) {
      options.listeners.push_back(
          {.interface = interface, .address = {.host = "127.0.0.1", .port = 0}});
    }
  }
  GL_TRY(server_->listen(std::move(options)));
  server_->start({});
  if (nodes_) drain();  // they are linked then
  return {};
}

Status TestServer::restart() {
  drain();
  server_->stop({});
  drain();
  server_.reset();
  GL_TRY(start());
  drain();
  return {};
}

TestServer::~TestServer() { drain(); }

bool is_platform_fault(std::string_view name) { return hub::find_platform_fault(name) != nullptr; }

void TestServer::set_faults(const std::vector<FaultRule>& rules) {
  faults_ = rules;
  server_->set_faults(faults_);
  if (nodes_) nodes_->set_faults(faults_);
}

bool TestServer::quiet() const {
  return server_traffic_.to_server == ends_traffic_.to_server &&
         server_traffic_.from_server == ends_traffic_.from_server &&
         server_traffic_.open == ends_traffic_.open;
}

bool TestServer::waits_for_log() {
  const history::ArchiveHealth health = server_->archive().health();
  if (health.log.failing) throw std::runtime_error("the log refuses: " + *health.log.failing);
  return health.log_waiting_bytes != 0;
}

bool TestServer::waits_for_archive() {
  return server_->archive().has_queries() ||
         (variant_.journaling == server::Journaling::kDurable && waits_for_log());
}

void TestServer::settle_log() {
  if (!waits_for_log()) return;
  bool is_logged = false;
  server::turn_during(server_->loops(), [&] { is_logged = server_->archive().flush(); });
  if (!is_logged) throw std::runtime_error("the log refuses");
}

void TestServer::drain() {
  if (!server_) return;  // it did not start
  for (bool busy = true, waits = true; busy || waits || !quiet();) {
    // Before the loops turn: they then have everything that the archive was waited for to post.
    waits = waits_for_archive();
    busy = server::turn_all(server_->loops());
    busy = (nodes_ && nodes_->turn()) || busy;
    if (!busy) busy = pump_ends();
    if (waits && !busy) std::this_thread::yield();
  }
}

bool TestServer::pump_ends() {
  // A single poll for all sockets, because most of them have no data.
  std::vector<pollfd> sockets;
  if (variant_.wire == Transport::kSocket) {
    for (const ClientEnd* end : ends_)
      sockets.push_back({.fd = end->socket(), .events = POLLIN, .revents = 0});
    if (::poll(sockets.data(), sockets.size(), 0) <= 0) return false;
  }
  bool busy = false;
  // Pumping an end may add or remove ends.
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (i < sockets.size() && sockets[i].revents == 0) continue;
    busy = ends_[i]->pump() || busy;
  }
  return busy;
}

void TestServer::advance(const Steps& steps, const std::function<void()>& on_step) {
  for (Millis left = steps.span; left > Millis(0);) {
    const Millis step = std::min(left, steps.step);
    left -= step;
    clock_.advance(step);
    for (const auto& loop : server_->loops()) loop->sweep_now();
    if (nodes_) nodes_->sweep();
    // NOLINTNEXTLINE(modernize-loop-convert): likewise
    for (std::size_t i = 0; i < ends_.size(); ++i) ends_[i]->tick(clock_.now());
    drain();
    on_step();
    drain();
  }
}

}  // namespace gridloom::transcripts
