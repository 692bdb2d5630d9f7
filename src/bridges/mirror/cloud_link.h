// The mirror's connection to the vendor's broker: it subscribes what the mirrored devices publish,
// and sends them sets. It is made anew when there is another certificate, when there are more
// devices, and to wake silent reports. Thread rule: the loop that is given.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/mirror/cloud.h"
#include "bridges/mirror/rhythm.h"
#include "client/mqtt_link.h"
#include "net/io_loop.h"

namespace gridloom::bridges::mirror {

class CloudLink final : public client::MqttLink::Listener {
 public:
  class Listener {
   public:
    virtual void on_link_up() = 0;
    virtual void on_link_down(const Error& why) = 0;
    // The vendor does not grant the reports of this device.
    virtual void on_reports_refused(std::string_view sn) = 0;
    virtual void on_report(std::string_view sn, std::string_view payload) = 0;
    virtual void on_status(std::string_view sn, bool online) = 0;
    // The device's reply to a set.
    virtual void on_set_reply(std::string_view sn, std::string_view payload) = 0;
    // The reply to a question for all quotas, of another client of the vendor's account.
    virtual void on_get_reply(std::string_view sn, std::string_view payload) = 0;

   protected:
    ~Listener() = default;
  };

  // All of them outlive it.
  CloudLink(net::IoLoop& loop, Cloud& cloud, Listener& listener, const net::PeerLimits& limits);
  CloudLink(const CloudLink&) = delete;
  CloudLink& operator=(const CloudLink&) = delete;
  ~CloudLink() override { close(); }

  void certify(CloudCertificate certificate) { certificate_ = std::move(certificate); }
  // Makes the connection anew for these devices, if there is a certificate.
  void open(const std::vector<std::string>& sns);
  void close();
  void tick(Moment now);
  // The broker did not take the certificate: it is forgotten. True once for each time.
  [[nodiscard]] bool takes_refusal();
  [[nodiscard]] bool is_online() const { return link_ && link_->online(); }
  // Call it while the link is online.
  void send_set(std::string_view sn, std::string payload);

 private:
  void on_online() override { listener_.on_link_up(); }
  void on_offline(const Error& why) override { listener_.on_link_down(why); }
  void on_message(std::string_view topic, std::string_view payload, bool retained) override;
  void on_acknowledged(std::chrono::nanoseconds /*took*/) override {}
  void on_filter_refused(std::string_view filter) override;

  net::IoLoop& loop_;
  Cloud& cloud_;
  Listener& listener_;
  net::PeerLimits limits_;
  std::vector<char> buffer_;
  std::optional<CloudCertificate> certificate_;
  std::shared_ptr<client::MqttLink> link_;  // null: there is no certificate, or it is closed
};

}  // namespace gridloom::bridges::mirror
