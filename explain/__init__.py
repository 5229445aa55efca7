"""From trees and rows to contributions and reasons; knows nothing of hospitals."""
