#include "bridges/meter/meter_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "bridges/core/waiting.h"
#include "bridges/meter/documents.h"
#include "http/session.h"

namespace gridloom::bridges::meter {
namespace {

constexpr std::size_t kMaxConnections = 128;
constexpr std::size_t kMaxConnectionsOfAddress = 8;
constexpr std::size_t kMaxUnsent = std::size_t{64} * 1024;
constexpr std::uint16_t kGroupPort = 5353;

net::Address group_address() { return {.host = "224.0.0.251", .port = kGroupPort}; }
net::SocketAddress group_socket_address() { return net::socket_address(group_address()).value(); }

http::SessionLimits session_limits() {
  http::SessionLimits limits;
  limits.header_bytes = std::size_t{4} * 1024;
  limits.body_bytes = kMaxFrame;
  limits.output_bytes = std::size_t{16} * 1024;
  limits.request_time = Millis(5'000);
  limits.idle_time = Millis(60'000);
  return limits;
}

net::ListenerLimits listener_limits() {
  net::ListenerLimits limits;
  limits.connections = kMaxConnections;
  limits.connections_per_address = kMaxConnectionsOfAddress;
  limits.unsent_bytes = kMaxUnsent;
  // A client that does not read costs few answers.
  limits.read_on_bytes = std::size_t{8} * 1024;
  limits.kernel_unsent_bytes = std::size_t{4} * 1024;
  limits.unsent_time = Millis(5'000);
  return limits;
}

std::uint16_t port_of(const net::SocketAddress& from) {
  return ntohs(reinterpret_cast<const sockaddr_in*>(&from.storage)->sin_port);  // NOLINT
}

AnnouncedService service_of(Model model, const MeterService& service, std::string_view serial,
                            const std::string& ip, std::uint16_t port) {
  AnnouncedService announced;
  announced.port = port;
  in_addr raw{};
  ::inet_pton(AF_INET, ip.c_str(), &raw);
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&raw.s_addr);  // NOLINT
  std::copy_n(bytes, announced.ip.size(), announced.ip.begin());
  if (model == Model::kEcoTracker) {
    announced.instance = fmt::format("ecotracker-{}", serial);
    announced.types = {"_everhome._tcp"};
    announced.texts = {"ip=" + ip, fmt::format("serial={}", serial),
                       fmt::format("productid={}", kEcoTrackerProduct)};
  } else {
    announced.instance = service.shelly().id();
    announced.types = {"_shelly._tcp", "_http._tcp"};
    announced.texts = {"gen=2", "app=Pro3EM", "ver=1.4.4"};
  }
  announced.host = announced.instance;
  return announced;
}

}  // namespace

bool MeterServer::may_answer(std::string_view asker) {
  if (!answers_.wait(asker, clock_.now())) return true;
  health_.count_dropped();
  return false;
}

MeterServer::MeterServer(const Options& options)
    : model_(options.model),
      serial_(options.serial),
      display_(*options.display),
      health_(*options.health),
      service_(options.model, options.serial, display_, health_) {}

Result<std::unique_ptr<MeterServer>> MeterServer::open(const Options& options) {
  std::unique_ptr<MeterServer> server(new MeterServer(options));
  GL_TRY(server->listen(options));
  for (const net::Address& address : options.udp) {
    GL_TRY(server->open_udp(address));
  }
  if (options.announce) {
    GL_TRY(server->announce(*options.announce));
  }
  server->start();
  return server;
}

Status MeterServer::listen(const Options& options) {
  GL_TRY(auto listener, net::Listener::open({.address = options.listen,
                                             .tls = nullptr,
                                             .make =
                                                 [this](net::ConnectionContext context) {
                                                   return std::make_shared<http::Session>(
                                                       std::move(context), service_,
                                                       session_limits(), clock_.now());
                                                 },
                                             .clock = &clock_,
                                             .limits = listener_limits()},
                                            {&loop_}));
  listener_ = std::move(listener);
  return {};
}

Status MeterServer::open_udp(const net::Address& address) {
  const std::size_t index = udp_.size();
  GL_TRY(auto socket, DatagramSocket::open(address, [this, index](std::string_view frame,
                                                                  const net::SocketAddress& from) {
           on_frame(frame, from, index);
         }));
  udp_.push_back(std::move(socket));
  return {};
}

Status MeterServer::announce(const std::string& interface) {
  announcer_.emplace(service_of(model_, service_, serial_, interface, http().port));
  GL_TRY(auto group,
         DatagramSocket::join(group_address(), interface,
                              [this](std::string_view query, const net::SocketAddress& from) {
                                on_query(query, from);
                              }));
  GL_TRY(auto link, link_of(interface));
  link_ = link;
  group_ = std::move(group);
  return {};
}

void MeterServer::start() {
  is_running_ = true;
  loop_.start();
  listener_->start();
  loop_.post([this] {
    const auto watch = [this](DatagramSocket& socket) {
      if (Status watched = socket.watch(loop_); !watched) {
        spdlog::error("UDP {}: {}", socket.bound().text(), watched.error().detail);
      }
    };
    for (const auto& socket : udp_) watch(*socket);
    if (!group_) return;
    watch(*group_);
    group_->send(announcer_->announcement(), group_socket_address());
  });
}

MeterServer::~MeterServer() {
  if (!is_running_) return;  // open() failed
  run_off_loop([this] {
    loop_.post([this] {
      if (group_) {
        group_->send(announcer_->goodbye(), group_socket_address());
        group_->close();
      }
      for (const auto& socket : udp_) socket->close();
    });
    listener_->stop();
    loop_.stop();
  });
}

std::vector<net::Address> MeterServer::udp() const {
  std::vector<net::Address> bound;
  bound.reserve(udp_.size());
  for (const auto& socket : udp_) bound.push_back(socket->bound());
  return bound;
}

void MeterServer::on_query(std::string_view query, const net::SocketAddress& from) {
  // The answer to a forged address would leave the link (RFC 6762, 11).
  const std::string asker = net::host_of(from);
  const auto bytes = net::ip_bytes(asker);
  if (!bytes || !link_->contains(*bytes)) return;
  const bool is_plain = port_of(from) != kGroupPort;
  const std::string answer =
      announcer_->answer(query, is_plain ? Announcer::Form::kUnicast : Announcer::Form::kMulticast);
  if (answer.empty()) return;
  // All who asked receive an answer to the group.
  if (!may_answer(is_plain ? std::string_view(asker) : "group")) return;
  group_->send(answer, is_plain ? from : group_socket_address());
}

void MeterServer::on_frame(std::string_view frame, const net::SocketAddress& from,
                           std::size_t socket) {
  health_.count_in();
  const auto answer = service_.shelly().answer(frame, display_.reading());
  // A frame that is no request, or asks for something unknown, is answered by silence.
  if (answer.frame.empty()) return;
  if (answer.error && answer.error->code == RpcError::kUnavailable) {
    return health_.add_to_figure("unanswered");
  }
  if (!may_answer(net::host_of(from))) return;
  udp_[socket]->send(answer.frame, from);
  health_.count_out();
}

}  // namespace gridloom::bridges::meter
