// SPDX-License-Identifier: MIT
#include "agent/tunnel/tun_control.hpp"

#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "agent/system/privileged.hpp"

namespace tollgate::agent {

std::optional<std::size_t> TunControl::mtu() {
    if (const auto mtu = ask()) {
        return mtu;
    }
    locate();
    return ask();
}

std::optional<std::size_t> TunControl::ask() const {
    ifreq request{};
    name_.copy(&request.ifr_name[0], IFNAMSIZ - 1);
    if (::ioctl(socket_.get(), SIOCGIFMTU, &request) != 0) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(request.ifr_mtu);
}

void TunControl::locate() {
    ifreq request{};
    if (::ioctl(device_, TUNGETIFF, &request) == 0) {
        name_ = &request.ifr_name[0];
        socket_.reset(privileged::socket_beside(device_));
    }
}

}  // namespace tollgate::agent
