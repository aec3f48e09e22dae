// Who is at the other end of one session, as it becomes known: from the connection, then from whoever may say
// more. Records, logs and limits all ask here, so they always mean the same client. Used by the session's own
// thread; inline, because few files may see Asio.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/listener.h"
#include "net/proxy_header.h"
#include "smtpd/client_attributes.h"
#include "smtpd/session.h"

namespace guichet::smtpd {

// Clients that may say whom they speak for.
struct Neighbours {
  net::Networks proxies;    // before anything else they send a PROXY header
  net::Networks xclients;   // XCLIENT
  net::Networks upstreams;  // XFORWARD, and their mail is never refused for good
};

class Caller {
 public:
  using Address = net::asio::ip::address;

  Caller(const Neighbours& neighbours, const net::asio::ip::tcp::endpoint& peer,
         std::unique_ptr<net::Admission::Ticket> ticket)
      : neighbours_(neighbours), peer_(peer.address()), ticket_(std::move(ticket)) {
    connect({.address = peer_.to_string(), .port = peer.port()});
  }

  [[nodiscard]] const Client& client() const { return client_; }
  // For whatever counts or looks up addresses. That of the connection when nobody knows the client's.
  [[nodiscard]] const Address& address() const { return address_; }
  // Who told of the client; empty: nobody did.
  [[nodiscard]] std::string via() const {
    return client_.told_by == ToldBy::connection ? std::string() : peer_.to_string();
  }
  [[nodiscard]] Privileges privileges() const { return privileges_; }
  [[nodiscard]] net::Admission::Verdict verdict() const { return ticket_->verdict(); }
  // Whom rates count, and whether they do.
  [[nodiscard]] const std::string& place() const { return ticket_->place(); }
  [[nodiscard]] bool unlimited() const { return ticket_->trusted(); }
  [[nodiscard]] const std::atomic<bool>& crowded() const { return ticket_->crowded(); }
  void was_of_use() { ticket_->was_of_use(); }

  [[nodiscard]] bool is_proxy() const { return neighbours_.proxies.contain(peer_); }
  // One of ours, who speaks for others, or for itself to see whether we are there.
  [[nodiscard]] bool is_neighbour() const {
    const bool for_itself = is_proxy() && client_.told_by == ToldBy::connection;
    return for_itself || privileges_.xclient || privileges_.trusted_upstream;
  }
  // nullopt: the proxy speaks for itself.
  void told_by_proxy(const std::optional<net::ProxiedClient>& told) {
    if (told) connect({.address = told->address, .port = told->port, .told_by = ToldBy::proxy});
    ticket_->count_as(address_);  // judged anew: proxies are many sessions from one address
  }
  void told_by_xclient(const ClientAttributes& told) {
    connect(smtpd::told_by_xclient(connected_, told));
    ticket_->count_as(address_);
  }
  // At MAIL. What a stranger says by XFORWARD never gets here: the session refuses it.
  void told_by_xforward(const ClientAttributes& told) {
    auto client = smtpd::told_by_xforward(connected_, told);
    if (client == client_ && verdict() == net::Admission::Verdict::welcome) return;
    become(std::move(client));
    ticket_->count_as(address_);  // also anew: others of this client may have gone
  }

 private:
  // As if this one had opened the connection: what it may do depends on that.
  void connect(Client client) {
    const auto place = address_of(client);
    privileges_ = {.xclient = place && neighbours_.xclients.contain(*place),
                   .trusted_upstream = place && neighbours_.upstreams.contain(*place)};
    client.trusted_upstream = privileges_.trusted_upstream;
    connected_ = client;
    become(std::move(client));
  }

  void become(Client client) {
    address_ = address_of(client).value_or(peer_);
    client_ = std::move(client);
  }

  // The texts come from sockets and from readers that have checked them.
  static std::optional<Address> address_of(const Client& client) {
    if (client.address.empty()) return std::nullopt;
    return net::asio::ip::make_address(client.address);
  }

  const Neighbours& neighbours_;
  const Address peer_;  // the other end of the connection
  const std::unique_ptr<net::Admission::Ticket> ticket_;
  Client connected_;  // of the session: by connection, PROXY or XCLIENT
  Client client_;     // of the transaction: perhaps another, by XFORWARD
  Address address_;
  Privileges privileges_;
};

}  // namespace guichet::smtpd
