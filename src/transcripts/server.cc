#include "transcripts/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "history/energy_query.h"
#include "http/session.h"
#include "hub/fault_injector.h"

namespace gridloom::transcripts {
namespace {

constexpr std::uint16_t kMqttPort = 8883;  // the port in /certification; nothing listens there

}  // namespace

ClientEnd::ClientEnd(TestServer& server)
    : server_(server), loop_(server.next_loop_++ % server.loops_.size()) {
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
  if (server_.variant_.wire == Wire::kDirect) {
    protocol_ = server_.protocols_.at(interface)(
        {.loop = *server_.loops_[loop_], .wake = [] {}, .secure = true, .peer = "transcript"});
    return;
  }
  const net::Address& bound = server_.listeners_.at(interface)->bound();
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
  [[nodiscard]] bool wants_input() const override { return inner_->wants_input(); }
  [[nodiscard]] std::int64_t account() const override { return inner_->account(); }
  [[nodiscard]] std::size_t kept_bytes() const override { return inner_->kept_bytes(); }
  [[nodiscard]] bool busy() const override { return inner_->busy(); }
  void tick(TimePoint now) override { inner_->tick(now); }
  void server_stops() override { inner_->server_stops(); }
  void lost() override {
    --traffic_.open;
    inner_->lost();
  }

 private:
  std::shared_ptr<net::Protocol> inner_;
  Traffic& traffic_;
};

Result<std::unique_ptr<TestServer>> TestServer::open(
    std::shared_ptr<const catalog::Catalog> catalog, const Variant& variant, TimePoint start) {
  std::unique_ptr<TestServer> server(new TestServer(variant, start));
  server->catalog_ = std::move(catalog);
  for (std::size_t i = 0; i < variant.shards; ++i) {
    server->loops_.push_back(std::make_unique<net::IoLoop>());
  }
  if (Status started = server->start(); !started) return std::unexpected(started.error());
  return server;
}

Status TestServer::start() {
  auto registry = registry::Registry::open(folder_.data());
  if (!registry) return std::unexpected(registry.error());
  registry_ = std::move(*registry);
  auto store = mqtt::SessionStore::open(folder_.data());
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  platform_ = std::make_unique<hub::Platform>(clock_, catalog_, *registry_);
  platform_->fault_injector.set(faults_);
  auto archive = history::Archive::open(
      {.data = folder_.data(),
       .clock = &clock_,
       .limits = {},
       .account = history::account_by([this](std::int64_t number) { return family_of(number); }),
       .on_session_changes = [this](std::uint64_t record,
                                    std::string_view changes) { store_->take(record, changes); },
       .sessions_applied = store_->applied(),
       .clock_is_driven = true});
  if (!archive) return std::unexpected(archive.error());
  auto loaded = store_->load();
  if (!loaded) return std::unexpected(loaded.error());
  archive_ = std::move(*archive);
  archive_->start({});
  journal_ = std::make_unique<history::InstantJournal>(*archive_);
  platform_->journal = journal_.get();
  platform_->sessions = store_->keeper();
  std::vector<Loop*> loops(loops_.size());
  std::ranges::transform(loops_, loops.begin(), [](const auto& loop) { return loop.get(); });
  hub_ = std::make_unique<hub::Hub>(*platform_, loops);
  registry_->on_change([hub = hub_.get()] { hub->registry_changed(); });
  sessions_ = std::make_unique<mqtt::SessionTable>(mqtt::TableLimits{});
  mqtt_context_ = {.hub = hub_.get(), .clock = &clock_, .sessions = sessions_.get(), .limits = {}};
  for (const hub::RetainedChange& retained : loaded->retained) {
    static_cast<void>(hub_->restore_retained(retained));
  }
  sessions_->restore(mqtt_context_, loops, std::move(loaded->sessions), std::move(loaded->streams));
  apis_.clear();
  for (Loop* loop : loops) {
    apis_.push_back(std::make_unique<http::Api>(
        http::Api::Options{.hub = hub_.get(),
                           .loop = loop,
                           .reads =
                               [this](auto task) {
                                 history::read_now(*archive_, std::move(task));
                                 return true;
                               },
                           .mqtt = {.public_host = {}, .port = kMqttPort},
                           .metrics = {}}));
  }
  return open_listeners();
}

// Called on the archive's thread.
catalog::FamilyPtr TestServer::family_of(std::int64_t number) const {
  const auto directory = registry_->directory();
  for (const registry::Device* device : directory->devices()) {
    if (device->number == number) return catalog_->of_serial(device->sn);
  }
  return nullptr;
}

Status TestServer::restart() {
  drain();
  for (const auto& loop : loops_) sessions_->sweep(*loop, clock_.now());
  drain();
  store_->flush();
  std::vector<hub::SavedTwin> twins;
  hub_->save_twins([&twins](std::vector<hub::SavedTwin> of_shard) {
    std::ranges::move(of_shard, std::back_inserter(twins));
  });
  drain();
  protocols_.clear();
  apis_.clear();
  hub_.reset();
  sessions_.reset();
  platform_.reset();
  journal_.reset();
  archive_.reset();
  store_.reset();
  registry_.reset();
  if (Status started = start(); !started) return started;
  for (hub::SavedTwin& twin : twins) hub_->restore_twin(std::move(twin));
  drain();
  return {};
}

Status TestServer::open_listeners() {
  protocols_[Interface::kMqtt] = mqtt::serve(mqtt_context_);
  protocols_[Interface::kHttp] =
      [this](net::ConnectionContext line) -> std::shared_ptr<net::Protocol> {
    const auto loop = std::ranges::find_if(
        loops_, [&line](const auto& each) { return each.get() == &line.loop; });
    http::Api* api = apis_[static_cast<std::size_t>(loop - loops_.begin())].get();
    return std::make_shared<http::Session>(
        std::move(line),
        [api](http::Request request, Callback<http::Response> done) {
          api->handle(std::move(request), std::move(done));
        },
        http::SessionLimits{}, clock_.now());
  };
  if (variant_.wire == Wire::kDirect) return {};
  std::vector<net::IoLoop*> loops(loops_.size());
  std::ranges::transform(loops_, loops.begin(), [](const auto& loop) { return loop.get(); });
  for (const auto& [interface, make] : protocols_) {
    auto listener = net::Listener::open({.address = {.host = "127.0.0.1", .port = 0},
                                         .tls = nullptr,
                                         .make =
                                             [this, &make](net::ConnectionContext line) {
                                               return std::make_shared<Counted>(
                                                   make(std::move(line)), server_traffic_);
                                             },
                                         .clock = &clock_},
                                        loops);
    if (!listener) return std::unexpected(listener.error());
    (*listener)->start();
    listeners_[interface] = std::move(*listener);
  }
  return {};
}

TestServer::~TestServer() { drain(); }

bool is_platform_fault(std::string_view name) { return hub::find_platform_fault(name) != nullptr; }

void TestServer::set_faults(const std::vector<FaultRule>& orders) {
  faults_ = orders;
  platform_->fault_injector.set(faults_);
}

bool TestServer::quiet() const {
  return server_traffic_.to_server == ends_traffic_.to_server &&
         server_traffic_.from_server == ends_traffic_.from_server &&
         server_traffic_.open == ends_traffic_.open;
}

void TestServer::drain() {
  for (bool busy = true; busy || !quiet();) {
    busy = false;
    for (const auto& loop : loops_) busy = loop->turn() || busy;
    if (!busy) busy = pump_ends();
  }
}

bool TestServer::pump_ends() {
  // A single poll for all sockets, because most of them have no data.
  std::vector<pollfd> sockets;
  if (variant_.wire == Wire::kSocket) {
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
    hub_->tick();
    if (variant_.wire == Wire::kSocket) {
      for (const auto& loop : loops_) loop->sweep_now();
    }
    // NOLINTNEXTLINE(modernize-loop-convert): likewise
    for (std::size_t i = 0; i < ends_.size(); ++i) ends_[i]->tick(clock_.now());
    drain();
    on_step();
    drain();
  }
}

}  // namespace gridloom::transcripts
