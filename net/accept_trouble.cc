#include "net/accept_trouble.h"

#include <cerrno>
#include <utility>

namespace guichet::net {

bool AcceptTrouble::concerns_one_client(int error_number) {
  switch (error_number) {
    case ECONNABORTED:  // it was reset before it was accepted
    case EINTR:
    case EPERM:  // a packet filter forbids it
    // accept(2), "Error handling": Linux passes on what is already pending on the new socket
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
    case ECONNRESET:
      return true;
    default:
      return false;
  }
}

std::optional<unsigned> AcceptTrouble::to_be_told(Clock::time_point now) {
  ++untold_;
  if (told_ && now - *told_ < silence) return std::nullopt;
  told_ = now;
  return std::exchange(untold_, 0);
}

}  // namespace guichet::net
