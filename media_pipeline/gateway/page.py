"""The page, for people who would rather look than call."""

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
