#include "server/net/send.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace synap::server {

Sent send_all(int fd, OutputBuffer& output) noexcept {
    Sent result;
    std::array<iovec, OutputBuffer::kMaxPieces> pieces;  // NOLINT: filled by gather
    while (!output.empty()) {
        const int count = output.gather(pieces);
        ssize_t sent = 0;
        if (count == 1) {
            sent = ::send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
        } else {
            msghdr message{};
            message.msg_iov = pieces.data();
            message.msg_iovlen = static_cast<size_t>(count);
            sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
        }
        if (sent < 0) {
            if (errno == EINTR) continue;
            result.end = errno == EAGAIN ? Sent::End::kFull : Sent::End::kBroken;
            return result;
        }
        ++result.calls;
        result.bytes += static_cast<size_t>(sent);
        output.sent(static_cast<size_t>(sent));
    }
    return result;
}

}  // namespace synap::server
