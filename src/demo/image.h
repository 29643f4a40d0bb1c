// Pictures of the demonstration library: drawing, rendering models, and PNG.
// Pure; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "demo/mesh.h"

namespace vams::demo {

using Pixel = std::array<std::uint8_t, 3>;

struct Image {
  Image(int w, int h, Pixel fill = {255, 255, 255})
      : width(w),
        height(h),
        pixels(static_cast<std::size_t>(w) * static_cast<std::size_t>(h), fill) {}
  Pixel& At(int x, int y) {
    return pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)];
  }

  int width, height;
  std::vector<Pixel> pixels;  // row by row from the top
};

std::string EncodePng(const Image& image);

// The model from the front right and above, with light and a soft background, as large as fits.
Image Render(const Mesh& mesh, int width, int height);

// A board of two colours; each field has a shade of its own, so that no two look alike.
Image Checkerboard(int size, int fields, Pixel light, Pixel dark);
// An evening sky over water: a picture that is no technical one.
Image Seascape(int width, int height, std::uint32_t seed);

}  // namespace vams::demo
